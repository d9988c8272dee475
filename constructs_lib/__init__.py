"""Amazon Comprehend document classification jobs as AWS CDK infrastructure."""
