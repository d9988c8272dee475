"""The small model that classifies: TF-IDF and logistic regression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from constructs_lib.local.comprehend.training_data import TrainingData


@dataclass(frozen=True)
class TextModel:
    """A trained model.

    Args:
        pipeline: scikit-learn estimator with `predict_proba`.
        labels: The labels in the order of its columns.
        multi_label: Whether a document may have several labels.
    """

    pipeline: Any
    labels: list[str]
    multi_label: bool

    def classify(self, texts: list[str]) -> list[dict[str, Any]]:
        """The result part of a prediction for each text, likeliest label first."""
        kind = "Labels" if self.multi_label else "Classes"
        return [
            {
                kind: [
                    {"Name": label, "Score": round(float(score), 4)}
                    for label, score in sorted(zip(self.labels, row, strict=True), key=lambda pair: -pair[1])
                ]
            }
            for row in (self.pipeline.predict_proba(texts) if texts else [])
        ]


def train(data: TrainingData, *, multi_label: bool) -> TextModel:
    """Train on labelled documents.

    Raises:
        ValueError: The texts hold no words.
    """
    # Importing scikit-learn takes a second; a server that trains nothing does not pay it.
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.multiclass import OneVsRestClassifier  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    words, regression = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2)), LogisticRegression(C=10, max_iter=1000)
    names = data.names
    if multi_label:
        pipeline = make_pipeline(words, OneVsRestClassifier(regression))
        targets: Any = [[int(name in labels) for name in names] for labels in data.labels]
    else:
        pipeline = make_pipeline(words, regression)
        targets = [label for (label,) in data.labels]
    # One thread for each processor would spend ten times as long on waiting for the others.
    with threadpool_limits(limits=1):
        pipeline.fit(data.texts, targets)
    return TextModel(pipeline, names, multi_label)
