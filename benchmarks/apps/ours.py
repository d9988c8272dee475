"""Jobs as `DocumentClassificationJob`."""

from common import CLASSIFIER_ARN, DOCUMENTS, RESULTS, Surroundings, synthesize

from constructs_lib import (
    ClassificationModel,
    DataAccessRole,
    DocumentClassificationJob,
    Documents,
    InputFormat,
    JobMilestone,
    Results,
)


def add_jobs(given: Surroundings, names: list[str]) -> None:
    """Add the jobs to the stack."""
    documents = Documents.from_bucket(given.documents, DOCUMENTS, input_format=InputFormat.ONE_DOC_PER_FILE)
    role = DataAccessRole(given.stack, "DataAccess") if given.network else None
    for name in names:
        DocumentClassificationJob(
            given.stack,
            name,
            model=ClassificationModel.from_classifier_arn(CLASSIFIER_ARN),
            documents=documents,
            results=Results.to_bucket(given.results, RESULTS),
            data_access_role=role,
            volume_encryption_key=given.key if given.network else None,
            network=given.network,
            job_name=name,
            wait_for=JobMilestone.SUBMITTED,
        )


synthesize(add_jobs)
