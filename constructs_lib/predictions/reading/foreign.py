"""What is not the output of a classification job, by what it looks like."""

from __future__ import annotations

_TRAINING = "the output of the training of a classifier"
_TOPICS = "the output of a topic modeling job"
_MEMBERS = {
    "confusion_matrix.json": _TRAINING,
    "topic-terms.csv": _TOPICS,
    "doc-topics.csv": _TOPICS,
}
# Fields as the answers of the service's other jobs have them, the telling ones first.
_FIELDS = {
    "confusion_matrix": _TRAINING,
    "SentimentScore": "the output of a sentiment detection job",
    "Sentiment": "the output of a sentiment detection job",
    "KeyPhrases": "the output of a key phrase detection job",
    "Languages": "the output of a language detection job",
    "SyntaxTokens": "the output of a syntax analysis",
    "Events": "the output of an events detection job",
    "Entities": "the output of an entity recognition job",
    "Blocks": "an answer of Amazon Textract",
}


def member_of_another_kind(name: str) -> str | None:
    """Tell what an archive is by the name of a member; None when that does not tell."""
    return _MEMBERS.get(name.rpartition("/")[2])


def record_of_another_kind(record: object) -> str | None:
    """Tell what a text is by one of its objects; None when that does not tell."""
    return next((kind for field, kind in _FIELDS.items() if isinstance(record, dict) and field in record), None)


def is_beside(name: str) -> bool:
    """Tell whether a member is what others put beside the predictions: macOS its attributes, the service Textract's."""
    parts = name.split("/")
    return parts[-1].startswith(("._", ".DS_Store")) or not {"__MACOSX", "amazon-textract-output"}.isdisjoint(parts)
