"""What is worth knowing about many predictions, gathered in one pass and in bounded memory."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from constructs_lib.predictions.reading import LABEL_THRESHOLD

if TYPE_CHECKING:
    from collections.abc import Iterable

    from constructs_lib.predictions.labels import Labels
    from constructs_lib.predictions.reading import Prediction

_KEPT = 100  # problems and misses shown one by one; all of them are counted


@dataclass(frozen=True, slots=True)
class ClassCount:
    """How often a class was assigned.

    Args:
        name: The class or label.
        documents: How many documents it was assigned to.
        mean_score: The mean confidence of these, from 0 to 1.
    """

    name: str
    documents: int
    mean_score: float


@dataclass(frozen=True, slots=True)
class Miss:
    """A document that was not classified as its label says.

    Args:
        prediction: What the job found.
        expected: The right classes.
    """

    prediction: Prediction
    expected: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How many predictions agree with the labels.

    Args:
        right: Documents that were classified as their label says.
        labelled: Documents that have a label.
        unlabelled: Documents without a label; they do not count.
        not_predicted: Labels whose document is not in the output.
        misses: The first 100 documents that were not classified as their label says.
    """

    right: int
    labelled: int
    unlabelled: int
    not_predicted: int
    misses: tuple[Miss, ...]

    @property
    def share(self) -> float:
        """The share of right documents among the labelled ones, from 0 to 1; 0 when none has a label."""
        return self.right / self.labelled if self.labelled else 0.0


@dataclass(frozen=True, slots=True)
class Summary:
    """An overview of the output of one job.

    Args:
        total: Predictions read: one a file, line or page.
        classes: How often each class was assigned, the most frequent first.
        unassigned: Documents without any class.
        first: The first predictions, as many as were asked for.
        lowest: The least certain predictions, the least certain first.
        with_errors: Documents that carry an error.
        error_codes: How often each error code occurred.
        warning_codes: How often each warning code occurred.
        problems: The first 100 predictions that carry an error.
        accuracy: The comparison with labels; None when no labels were given.
        threshold: The score from which on a label of a multi-label model counted.
    """

    total: int
    classes: tuple[ClassCount, ...]
    unassigned: int
    first: tuple[Prediction, ...]
    lowest: tuple[Prediction, ...]
    with_errors: int
    error_codes: dict[str, int]
    warning_codes: dict[str, int]
    problems: tuple[Prediction, ...]
    accuracy: Accuracy | None
    threshold: float


def summarize(
    predictions: Iterable[Prediction],
    *,
    labels: Labels | None = None,
    first: int = 20,
    lowest: int = 10,
    threshold: float = LABEL_THRESHOLD,
) -> Summary:
    """Count classes and problems, and pick out the documents worth a look.

    Args:
        predictions: The predictions; read once.
        labels: The right classes. Default: - the predictions are not compared.
        first: How many of the first predictions to keep. Default: 20.
        lowest: How many of the least certain predictions to keep. Default: 10.
        threshold: The score, from 0 to 1, from which on a label of a multi-label model counts. Default: 0.5.

    Returns:
        The summary.
    """
    total = unassigned = with_errors = 0
    documents: Counter[str] = Counter()
    score_sums: Counter[str] = Counter()
    error_codes: Counter[str] = Counter()
    warning_codes: Counter[str] = Counter()
    kept_first: list[Prediction] = []
    problems: list[Prediction] = []
    least_certain = _LeastCertain(lowest)
    comparison = None if labels is None else _Comparison(labels, threshold)

    for prediction in predictions:
        total += 1
        assigned = prediction.assigned(threshold)
        unassigned += not assigned
        for score in assigned:
            documents[score.name] += 1
            score_sums[score.name] += score.score  # type: ignore[assignment]  # a Counter of floats adds as well
        if len(kept_first) < first:
            kept_first.append(prediction)
        least_certain.add(prediction)
        if prediction.errors:
            with_errors += 1
            error_codes.update(problem.code for problem in prediction.errors)
            if len(problems) < _KEPT:
                problems.append(prediction)
        warning_codes.update(problem.code for problem in prediction.warnings)
        if comparison is not None:
            comparison.add(prediction)

    return Summary(
        total=total,
        classes=tuple(
            ClassCount(name, count, score_sums[name] / count)
            for name, count in sorted(documents.items(), key=lambda item: (-item[1], item[0]))
        ),
        unassigned=unassigned,
        first=tuple(kept_first),
        lowest=least_certain.result(),
        with_errors=with_errors,
        error_codes=dict(error_codes.most_common()),
        warning_codes=dict(warning_codes.most_common()),
        problems=tuple(problems),
        accuracy=None if comparison is None else comparison.result(),
        threshold=threshold,
    )


class _LeastCertain:
    """Keep the predictions with the lowest best scores."""

    def __init__(self, size: int) -> None:
        self._size = size
        # The root is the most certain one kept. The running number keeps the earlier of two equal ones.
        self._heap: list[tuple[float, int, Prediction]] = []
        self._seen = 0

    def add(self, prediction: Prediction) -> None:
        if prediction.best is None:
            return
        self._seen += 1
        item = (-prediction.best.score, -self._seen, prediction)
        if len(self._heap) < self._size:
            heapq.heappush(self._heap, item)
        elif self._heap and item > self._heap[0]:
            heapq.heapreplace(self._heap, item)

    def result(self) -> tuple[Prediction, ...]:
        return tuple(item[2] for item in sorted(self._heap, reverse=True))


class _Comparison:
    """Compare predictions with labels."""

    def __init__(self, labels: Labels, threshold: float) -> None:
        self._labels = labels
        self._threshold = threshold
        self._right = self._labelled = self._unlabelled = 0
        self._predicted: set[tuple[str | None, int | None]] = set()
        self._misses: list[Miss] = []

    def add(self, prediction: Prediction) -> None:
        label = self._labels.find(prediction)
        if label is None:
            self._unlabelled += 1
            return
        key, expected = label
        self._predicted.add(key)
        self._labelled += 1
        if {score.name for score in prediction.assigned(self._threshold)} == expected:
            self._right += 1
        elif len(self._misses) < _KEPT:
            self._misses.append(Miss(prediction, tuple(sorted(expected))))

    def result(self) -> Accuracy:
        return Accuracy(
            right=self._right,
            labelled=self._labelled,
            unlabelled=self._unlabelled,
            not_predicted=len(self._labels) - len(self._predicted),
            misses=tuple(self._misses),
        )
