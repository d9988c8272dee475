import pytest
from local.bench import Bench


@pytest.fixture
def bench(behaving_aws, trained_classifier, unique_name):
    behaving_aws.configure(job_seconds=0.4, starts_per_second=0)
    return Bench(behaving_aws, trained_classifier, unique_name)


@pytest.fixture
def role(bench):
    """A data access role that may do what a plain job needs, and a document to classify."""
    bench.write("in/a.txt", "Please pay the total due on invoice number 7 within thirty days.")
    return bench.role(*bench.access_to_bucket())
