"""Text of a job on its way to people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from constructs_lib.predictions.reading import Prediction
    from constructs_lib.predictions.summary import Accuracy

_unprintable = re.compile(r"[^\x20-\x7e]").sub


def clean(text: str, *, ascii_only: bool = False) -> str:
    """Show characters that command a terminal, or that are not seen, as escapes.

    Args:
        text: Any text, for example the name of a file.
        ascii_only: Whether everything beyond ASCII becomes an escape, too. Default: False.

    Returns:
        The text without control characters, marks of direction, and halves of characters.
    """
    if text.isprintable() and (text.isascii() or not ascii_only):
        return text
    return _unprintable(lambda match: _escape(match[0], ascii_only=ascii_only), text)


def clean_lines(text: str) -> str:
    """The same for a text of several lines, which stay lines."""
    return "\n".join(clean(line) for line in text.split("\n"))


def _escape(character: str, *, ascii_only: bool) -> str:
    if character.isprintable() and not ascii_only:
        return character
    return character.encode("unicode_escape").decode()


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def accuracy_sentence(accuracy: Accuracy) -> str:
    """Tell in a sentence how many predictions agree with the labels."""
    notes = []
    if accuracy.unlabelled:
        notes.append(f"{accuracy.unlabelled:,} without a label")
    if accuracy.not_predicted:
        notes.append(f"{counted(accuracy.not_predicted, 'label')} without a prediction")
    note = f" ({', '.join(notes)})" if notes else ""
    return f"{accuracy.right:,} of {accuracy.labelled:,} classified as labelled: {accuracy.share:.1%}{note}"


def class_names(prediction: Prediction, threshold: float) -> str:
    """Name the classes a document belongs to, or say why there is none."""
    assigned = prediction.assigned(threshold)
    if assigned:
        return " | ".join(score.name for score in assigned)
    return prediction.errors[0].code if prediction.errors else "-"


def best_score(prediction: Prediction) -> str:
    """Return the best score as text."""
    return f"{prediction.best.score:.3f}" if prediction.best else "-"


def share(value: float | None) -> str:
    """Return a share as text."""
    return "-" if value is None else f"{value:.1%}"


def alternatives(prediction: Prediction) -> str:
    """Name the most likely class, and the next one with its score."""
    if not prediction.scores:
        return "-"
    following = [f" ({score.name} {score.score:.3f})" for score in prediction.scores[1:2]]
    return prediction.scores[0].name + "".join(following)
