"""Amazon Comprehend document classification jobs as AWS CDK infrastructure."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from constructs_lib.data_access_role import DataAccessRole as DataAccessRole
    from constructs_lib.documents import DocumentReader as DocumentReader
    from constructs_lib.documents import Documents as Documents
    from constructs_lib.documents import FeatureType as FeatureType
    from constructs_lib.documents import InputFormat as InputFormat
    from constructs_lib.documents import ReadMode as ReadMode
    from constructs_lib.errors import ValidationError as ValidationError
    from constructs_lib.job import DocumentClassificationJob as DocumentClassificationJob
    from constructs_lib.job_handler import ClassificationJobHandler as ClassificationJobHandler
    from constructs_lib.keys import Key as Key
    from constructs_lib.milestones import EmptyInput as EmptyInput
    from constructs_lib.milestones import JobMilestone as JobMilestone
    from constructs_lib.model import ClassificationModel as ClassificationModel
    from constructs_lib.network import ClassificationNetwork as ClassificationNetwork
    from constructs_lib.pipeline import DocumentClassificationPipeline as DocumentClassificationPipeline
    from constructs_lib.results import Results as Results
    from constructs_lib.storage import PrivateBucket as PrivateBucket
    from constructs_lib.workflow.workflow import DocumentClassificationWorkflow as DocumentClassificationWorkflow

_HOME = {
    "ClassificationJobHandler": "job_handler",
    "ClassificationModel": "model",
    "ClassificationNetwork": "network",
    "DataAccessRole": "data_access_role",
    "DocumentClassificationJob": "job",
    "DocumentClassificationPipeline": "pipeline",
    "DocumentClassificationWorkflow": "workflow.workflow",
    "DocumentReader": "documents",
    "Documents": "documents",
    "EmptyInput": "milestones",
    "FeatureType": "documents",
    "InputFormat": "documents",
    "JobMilestone": "milestones",
    "Key": "keys",
    "PrivateBucket": "storage",
    "ReadMode": "documents",
    "Results": "results",
    "ValidationError": "errors",
}

__all__ = [
    "ClassificationJobHandler",
    "ClassificationModel",
    "ClassificationNetwork",
    "DataAccessRole",
    "DocumentClassificationJob",
    "DocumentClassificationPipeline",
    "DocumentClassificationWorkflow",
    "DocumentReader",
    "Documents",
    "EmptyInput",
    "FeatureType",
    "InputFormat",
    "JobMilestone",
    "Key",
    "PrivateBucket",
    "ReadMode",
    "Results",
    "ValidationError",
]


if not TYPE_CHECKING:  # A checker that sees __getattr__ believes in every name.

    def __getattr__(name: str) -> object:
        # Importing the CDK starts a Node process. Reading predictions needs none, so names load on first use.
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted(__all__)
