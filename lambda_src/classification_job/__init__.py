"""The custom resource of classification jobs."""
