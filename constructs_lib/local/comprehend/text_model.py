"""The small model that classifies: TF-IDF and logistic regression."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any


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


def train(files: list[bytes], mode: str = "MULTI_CLASS", delimiter: str = "|") -> TextModel:
    """Train on labelled files in Comprehend's format: CSV without header, label then text.

    Raises:
        ValueError: Fewer than two labels, or a row that is not label and text.
    """
    rows = [row for content in files for row in csv.reader(io.StringIO(content.decode())) if row]
    if any(len(row) < 2 for row in rows):  # noqa: PLR2004 - label and text
        raise ValueError("a row has no text: every row must be label,text")
    labels, texts = [row[0] for row in rows], [row[1] for row in rows]
    multi_label = mode == "MULTI_LABEL"
    names = sorted({name for label in labels for name in (label.split(delimiter) if multi_label else [label])})
    if len(names) < 2:  # noqa: PLR2004 - nothing to tell apart
        raise ValueError(f"at least 2 labels are needed, found {names}")

    # Importing scikit-learn takes a second; a server that trains nothing does not pay it.
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.multiclass import OneVsRestClassifier  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415

    words, regression = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2)), LogisticRegression(C=10, max_iter=1000)
    if multi_label:
        targets: Any = [[int(name in label.split(delimiter)) for name in names] for label in labels]
        return TextModel(make_pipeline(words, OneVsRestClassifier(regression)).fit(texts, targets), names, multi_label)
    return TextModel(make_pipeline(words, regression).fit(texts, labels), names, multi_label=False)
