"""What is worth knowing about many predictions, gathered in one pass and in bounded memory."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from constructs_lib.predictions.reading import LABEL_THRESHOLD, BadArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from constructs_lib.predictions.labels import Labels
    from constructs_lib.predictions.reading import Prediction

_MOST_NAMES = 10_000
_MOST_TEXT = 10_000_000  # characters of all names
_ROOM = 300_000  # scores and problems of all predictions that are kept; it is some tens of MiB
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
class ClassAccuracy:
    """How well one class was found.

    Args:
        name: The class or label.
        labelled: Documents that have it as their label.
        found: Labelled documents that it was assigned to.
        right: Those of them that have it as their label.
    """

    name: str
    labelled: int
    found: int
    right: int

    @property
    def precision(self) -> float | None:
        """Which share of what was assigned to the class belongs there, from 0 to 1; None when nothing was."""
        return self.right / self.found if self.found else None

    @property
    def recall(self) -> float | None:
        """Which share of what belongs to the class was found, from 0 to 1; None when nothing belongs there."""
        return self.right / self.labelled if self.labelled else None


@dataclass(frozen=True, slots=True)
class Confusion:
    """Documents of one class that were assigned to one class: a cell of the confusion matrix.

    Args:
        expected: The class of their label.
        found: The class they were assigned to; None for none.
        documents: How many they are.
    """

    expected: str
    found: str | None
    documents: int


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How many predictions agree with the labels.

    Args:
        right: Documents that were classified as their label says.
        labelled: Documents that have a label.
        unlabelled: Documents without a label; they do not count.
        not_predicted: Labels whose document is not in the output.
        misses: The first 100 documents that were not classified as their label says.
        classes: Precision and recall a class, in the order of their names.
        confusions: The cells of the confusion matrix that are not empty, the right ones too, the largest first; empty
            when documents have more than one label.
    """

    right: int
    labelled: int
    unlabelled: int
    not_predicted: int
    misses: tuple[Miss, ...]
    classes: tuple[ClassAccuracy, ...] = ()
    confusions: tuple[Confusion, ...] = ()

    @property
    def share(self) -> float:
        """The share of right documents among the labelled ones, from 0 to 1; 0 when none has a label."""
        return self.right / self.labelled if self.labelled else 0.0


@dataclass(frozen=True, slots=True)
class ConfusionMatrix:
    """How many documents of which class were assigned to which.

    Args:
        classes: The classes, in the order of their names.
        rows: A row a label, in which a number a class says how many documents were assigned to it.
        with_unclassified: Whether rows have one number more, of documents that were assigned to no class.
    """

    classes: tuple[str, ...]
    rows: tuple[tuple[int, ...], ...]
    with_unclassified: bool


def confusion_matrix(accuracy: Accuracy) -> ConfusionMatrix:
    """Put the cells of the confusion matrix in their places.

    Args:
        accuracy: A comparison with labels.
    """
    classes = tuple(found.name for found in accuracy.classes)
    cells = {(cell.expected, cell.found): cell.documents for cell in accuracy.confusions}
    with_unclassified = any(found is None for _, found in cells)
    columns = (*classes, None) if with_unclassified else classes
    rows = tuple(tuple(cells.get((expected, found), 0) for found in columns) for expected in classes)
    return ConfusionMatrix(classes, rows, with_unclassified)


@dataclass(frozen=True, slots=True)
class Summary:
    """An overview of predictions.

    Args:
        total: Predictions read: one a file, line or page.
        classes: How often each class was assigned, the most frequent first.
        unassigned: Documents without any class.
        first: The first predictions, as many as were asked for; fewer where they have many thousand scores.
        lowest: The least certain predictions, the least certain first.
        with_errors: Documents that carry an error.
        error_codes: How often each error code occurred.
        warning_codes: How often each warning code occurred.
        problems: The first 100 predictions that carry an error.
        accuracy: The comparison with labels; None when no labels were given.
        threshold: The score from which on a label of a multi-label model counted.
        jobs: How many predictions are of which job, as far as that is known.
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
    jobs: dict[str, int] = field(default_factory=dict)


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
    return summarize_batches((predictions,), labels=labels, first=first, lowest=lowest, threshold=threshold)


def summarize_batches(
    batches: Iterable[Iterable[Prediction]], *, labels: Labels | None, first: int, lowest: int, threshold: float
) -> Summary:
    """Do the same for predictions that come some hundred at once, which takes fewer steps.

    Args:
        batches: The predictions; read once.
        labels: As of `summarize`.
        first: As of `summarize`.
        lowest: As of `summarize`.
        threshold: As of `summarize`.

    Returns:
        The summary.
    """
    total = unassigned = 0
    classes = _Tallies()
    jobs = _Jobs()
    room = _Room()
    kept_first: list[Prediction] = []
    problems = _Problems()
    least_certain = _LeastCertain(lowest)
    comparison = None if labels is None else _Comparison(labels, threshold)

    # This runs once a document: what it needs is looked up once, and what is rare is told apart first.
    for prediction in chain.from_iterable(batches):
        total += 1
        _, _, _, _, scores, multi_label, _, errors, warnings, job = prediction
        assigned = prediction.assigned(threshold) if multi_label else scores[:1]
        if not assigned:
            unassigned += 1
        for name, score in assigned:
            tally = classes[name]
            tally.documents += 1
            tally.scores += score
        if scores and scores[0][1] < least_certain.limit:
            least_certain.add(prediction)
        if total <= first:
            if room.takes(prediction):
                kept_first.append(prediction)
            else:
                first = 0
        if errors or warnings:
            problems.add(prediction)
        jobs[job] += 1
        if comparison is not None:
            comparison.add(prediction)

    return Summary(
        total=total,
        classes=tuple(
            ClassCount(name, tally.documents, tally.scores / tally.documents)
            for name, tally in sorted(classes.items(), key=lambda item: (-item[1].documents, item[0]))
        ),
        unassigned=unassigned,
        first=tuple(kept_first),
        lowest=least_certain.result(),
        with_errors=problems.with_errors,
        error_codes=dict(problems.error_codes.most_common()),
        warning_codes=dict(problems.warning_codes.most_common()),
        problems=tuple(problems.kept),
        accuracy=None if comparison is None else comparison.result(),
        threshold=threshold,
        jobs={job: count for job, count in jobs.items() if job is not None},
    )


class _Tally:
    __slots__ = ("documents", "scores")

    def __init__(self) -> None:
        self.documents, self.scores = 0, 0.0


class _Names:
    """Keep memory bounded: a model has at most a thousand classes, whatever an archive says.

    Args:
        what: What they are names of, for the message.
        most: How many there may be. Default: 10,000.
    """

    def __init__(self, what: str, most: int | None = _MOST_NAMES) -> None:
        self._what = what
        self._most = most
        self._number = self._text = 0

    def add(self, name: str | None) -> None:
        self._number += 1
        self._text += len(name or "")
        if self._most is not None and self._number > self._most:
            raise BadArchiveError(f"there are more than {self._most:,} different {self._what}, which no classifier has")
        if self._text > _MOST_TEXT:
            raise BadArchiveError(f"the names of {self._what} have more than {_MOST_TEXT:,} characters")


class _Tallies(dict[str, _Tally]):
    """Tallies of classes by their names."""

    def __init__(self) -> None:
        super().__init__()
        self._names = _Names("classes")

    def __missing__(self, name: str) -> _Tally:
        self._names.add(name)
        self[name] = tally = _Tally()
        return tally


class _Jobs(dict[str | None, int]):
    """How many predictions are of which job."""

    def __init__(self) -> None:
        super().__init__()
        self._names = _Names("jobs", most=None)

    def __missing__(self, name: str | None) -> int:
        self._names.add(name)
        return 0


class _Room:
    """Keep memory bounded where predictions are kept."""

    def __init__(self) -> None:
        self._left = _ROOM

    def takes(self, prediction: Prediction) -> bool:
        problems = prediction.errors + prediction.warnings
        text = len(prediction.file) + sum([len(name) for name, _ in prediction[4]])
        text += sum([len(problem.code) + len(problem.message) for problem in problems])
        self._left -= len(prediction[4]) + len(problems) + text // 100
        return self._left >= 0


class _Problems:
    """Count errors and warnings, and keep the first documents with an error."""

    def __init__(self) -> None:
        self.with_errors = 0
        self.error_codes: Counter[str] = Counter()
        self.warning_codes: Counter[str] = Counter()
        self.kept: list[Prediction] = []
        self._names = _Names("error codes"), _Names("warning codes")
        self._room = _Room()

    def add(self, prediction: Prediction) -> None:
        if prediction.errors:
            self.with_errors += 1
            if len(self.kept) < _KEPT and self._room.takes(prediction):
                self.kept.append(prediction)
        for problems, codes, names in zip(
            (prediction.errors, prediction.warnings), (self.error_codes, self.warning_codes), self._names, strict=True
        ):
            for problem in problems:
                if problem.code not in codes:
                    names.add(problem.code)
                codes[problem.code] += 1


class _LeastCertain:
    """Keep the predictions with the lowest best scores."""

    def __init__(self, size: int) -> None:
        self._size = size
        # The root is the most certain one kept. The running number keeps the earlier of two equal ones.
        self._heap: list[tuple[float, int, Prediction]] = []
        self._seen = 0
        self.limit = math.inf if size else -math.inf  # only what is below this needs to be added

    def add(self, prediction: Prediction) -> None:
        self._seen += 1
        item = (-prediction[4][0][1], -self._seen, prediction)
        if len(self._heap) < self._size:
            heapq.heappush(self._heap, item)
        else:
            heapq.heapreplace(self._heap, item)
        if len(self._heap) == self._size:
            self.limit = -self._heap[0][0]

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
        self._room = _Room()
        self._by_label: Counter[str] = Counter()
        self._by_class: Counter[str] = Counter()
        self._right_by_class: Counter[str] = Counter()
        self._cells: Counter[tuple[str, str | None]] = Counter()
        self._one_each = True

    def add(self, prediction: Prediction) -> None:
        label = self._labels.find(prediction)
        if label is None:
            self._unlabelled += 1
            return
        key, expected = label
        self._predicted.add(key)
        self._labelled += 1
        found = {score.name for score in prediction.assigned(self._threshold)}
        self._by_label.update(expected)
        self._by_class.update(found)
        self._right_by_class.update(found & expected)
        self._one_each = self._one_each and len(expected) == 1 and not prediction.multi_label
        if self._one_each:
            self._cells[next(iter(expected)), next(iter(found), None)] += 1
        if found == expected:
            self._right += 1
        elif len(self._misses) < _KEPT and self._room.takes(prediction):
            self._misses.append(Miss(prediction, tuple(sorted(expected))))

    def result(self) -> Accuracy:
        cells = self._cells.most_common() if self._one_each else ()
        return Accuracy(
            right=self._right,
            labelled=self._labelled,
            unlabelled=self._unlabelled,
            not_predicted=len(self._labels) - len(self._predicted),
            misses=tuple(self._misses),
            classes=tuple(
                ClassAccuracy(name, self._by_label[name], self._by_class[name], self._right_by_class[name])
                for name in sorted(self._by_label.keys() | self._by_class.keys())
            ),
            confusions=tuple(Confusion(expected, found, count) for (expected, found), count in cells),
        )
