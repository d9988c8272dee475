"""Pytest fixtures that deploy to a local AWS. Load them with `pytest_plugins = ["constructs_lib.testing.local"]`."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from constructs_lib.local.data import train_classifier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.local.aws import LocalAws

_SENTENCES = {
    "INVOICE": "Please pay the total due on invoice number {} within thirty days of the date above.",
    "COMPLAINT": "I am unhappy, parcel {} arrived broken and nobody at your office answered my calls.",
    "ORDER": "We would like to order {} boxes of copy paper, please confirm price and delivery.",
    "APPLICATION": "I apply for position {} and enclose my resume, references and certificates.",
}


@pytest.fixture(scope="session")
def local_aws() -> Iterator[LocalAws]:
    """A bootstrapped local AWS for the whole session; with pytest-xdist, one for each worker."""
    from constructs_lib.local import LocalAws  # noqa: PLC0415 - only tests that ask for it need the extra

    with LocalAws() as aws:
        aws.bootstrap()
        yield aws


@pytest.fixture(scope="session")
def trained_classifier(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> str:
    """ARN of a small trained classifier: INVOICE, COMPLAINT, ORDER and APPLICATION."""
    labelled = tmp_path_factory.mktemp("training") / "labelled.csv"
    rows = [f'{label},"{text.format(number)}"\n' for label, text in _SENTENCES.items() for number in range(50)]
    labelled.write_text("".join(rows))
    return train_classifier(local_aws, labelled, name="sentences")


@pytest.fixture
def behaving_aws(local_aws: LocalAws) -> Iterator[LocalAws]:
    """The same local AWS for tests that change how it behaves: afterwards its settings and faults are the defaults."""
    before = local_aws.configure()
    yield local_aws
    local_aws.set_faults()
    local_aws.configure(**before)


@pytest.fixture
def unique_name() -> str:
    """A name that no other test uses, for stacks, buckets and jobs: lower case, begins with a letter."""
    return f"t{uuid.uuid4().hex[:12]}"
