"""Which of many files hold predictions, and of which job."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from constructs_lib.predictions.reading.foreign import is_beside
from constructs_lib.predictions.reading.origin import job_of

if TYPE_CHECKING:
    from collections.abc import Iterable

_ARCHIVES = (".tar.gz", ".tgz", ".tar", ".zip")
_LINES = (".jsonl", ".jsonl.gz", ".out")
_OBJECTS = (".json",)


def is_candidate(name: str) -> bool:
    """Tell whether a file may hold predictions, by its name."""
    last = name.rpartition("/")[2]
    return not (is_beside(name) or last.startswith(".")) and (
        last == "output" or last.lower().endswith((*_ARCHIVES, *_LINES, *_OBJECTS))
    )


def choose(names: Iterable[str]) -> list[str]:
    """Choose the files to read, so that nothing is read twice.

    Args:
        names: Candidates, with `/` between their folders.

    Returns:
        Archives; in folders without one, at them or above, what was unpacked from one; no rows of the table of a job
        whose archive is there. In order of their names.
    """
    by_folder: dict[str, list[str]] = defaultdict(list)
    for name in names:
        by_folder[name.rpartition("/")[0]].append(name)
    with_archive: set[str] = set()
    chosen: list[str] = []
    for folder in sorted(by_folder):
        found = by_folder[folder]
        if archives := [name for name in found if name.lower().endswith(_ARCHIVES)]:
            with_archive.add(folder)
            chosen += archives
        elif with_archive.isdisjoint(_above(folder)):
            chosen += [name for name in found if name.lower().endswith(_LINES)] or found
    unpacked_jobs = {job_of(name) for name in chosen if name.lower().endswith(_ARCHIVES)}
    return sorted(
        name
        for name in chosen
        if not (name.lower().endswith(_LINES) and job_of(name) and job_of(name) in unpacked_jobs)
    )


def _above(folder: str) -> list[str]:
    parts = folder.split("/")
    return ["/".join(parts[:count]) for count in range(len(parts) + 1)]
