"""The custom resource behind `Custom::DocumentClassificationJob`: starts, watches, tags and clears away one job."""
