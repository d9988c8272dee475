"""Work of Comprehend that can use a network, and whether any of it does."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .job_errors import HandOver, JobError
from .jobs import UNFINISHED
from .work import Work


@dataclass(frozen=True)
class Kind:
    """One kind of work, as Comprehend lists it."""

    operation: str
    records: str  # where they are in the answer
    status: str = "JobStatus"  # what filters by it
    active: tuple[str, ...] = UNFINISHED


_TRAINING = ("SUBMITTED", "TRAINING", "STOP_REQUESTED")
CLASSIFICATION = (Kind("list_document_classification_jobs", "DocumentClassificationJobPropertiesList"),)
ALL = (
    *CLASSIFICATION,
    Kind("list_document_classifiers", "DocumentClassifierPropertiesList", "Status", _TRAINING),
    Kind("list_dominant_language_detection_jobs", "DominantLanguageDetectionJobPropertiesList"),
    Kind("list_entities_detection_jobs", "EntitiesDetectionJobPropertiesList"),
    Kind("list_entity_recognizers", "EntityRecognizerPropertiesList", "Status", _TRAINING),
    Kind("list_key_phrases_detection_jobs", "KeyPhrasesDetectionJobPropertiesList"),
    Kind("list_sentiment_detection_jobs", "SentimentDetectionJobPropertiesList"),
    Kind("list_targeted_sentiment_detection_jobs", "TargetedSentimentDetectionJobPropertiesList"),
    Kind("list_topics_detection_jobs", "TopicsDetectionJobPropertiesList"),
)


def is_in_use(work: Work, kinds: tuple[Kind, ...], subnets: list[str], groups: list[str]) -> bool | None:
    """Whether work of some kinds that has not ended uses a network; None when that cannot be seen.

    A run that is short-lived goes on where the one before stopped, though not without a look at the first kind.
    """
    progress, seen = work.progress, work.progress.unused_kinds
    progress.unused_kinds = 0
    try:
        for number, kind in enumerate(kinds):
            looked_at = 0 < number < seen
            if not looked_at and any(_uses(record, subnets, groups) for record in _active(work, kind)):
                return True
    except HandOver:
        progress.unused_kinds = max(number, seen)
        raise
    except JobError:
        return None
    return False


def _active(work: Work, kind: Kind) -> Iterator[dict[str, Any]]:
    for status in kind.active:
        more: dict[str, Any] = {"Filter": {kind.status: status}}
        while more:
            work.clock.check()  # Nine kinds are dozens of calls.
            answer = work.call("comprehend", kind.operation, until=work.clock.last_moment, **more)
            yield from answer.get(kind.records, ())
            more = more | {"NextToken": answer["NextToken"]} if answer.get("NextToken") else {}


def _uses(record: dict[str, Any], subnets: list[str], groups: list[str]) -> bool:
    used = record.get("VpcConfig", {})
    return bool({*used.get("Subnets", ())} & {*subnets} and {*used.get("SecurityGroupIds", ())} & {*groups})
