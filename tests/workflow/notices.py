"""The fields of an event as docs/workflow.md has them, and whether an event is as it says."""

import re
from datetime import datetime

from support import ROOT

STATUSES = ("STARTED", "COMPLETED", "FAILED", "EMPTY")
CHECKS = {
    "text": lambda value: isinstance(value, str),
    "number": lambda value: type(value) is int,
    "counts": lambda value: isinstance(value, dict) and all(type(count) is int for count in value.values()),
    "time": lambda value: value.endswith("Z") and datetime.fromisoformat(value).tzinfo is not None,
}


def documented():
    """Field -> its type, the statuses that always have it, those that have it when it is known."""
    page = (ROOT / "docs" / "workflow.md").read_text()
    table = page.partition("| field of `detail` |")[2].partition("\n\n")[0]
    found = {}
    for line in table.splitlines()[2:]:
        names, kind, places, _ = (cell.strip() for cell in line.strip("|").split("|"))
        places = ", ".join(STATUSES) if places == "all" else places
        always = set(re.findall(r"(?<!\()`(\w+)`", places)) if "`" in places else set(places.split(", "))
        known = set(re.findall(r"\(`(\w+)`\)", places))
        for name in re.findall(r"`(\w+)`", names):
            found[name] = (kind, always, known)
    return found


def check(detail):
    """Assert that an event has what the page promises, of the type it promises, and nothing else."""
    fields, status = documented(), detail["status"]
    assert status in STATUSES
    assert set(detail) <= set(fields), set(detail) - set(fields)
    for name, (kind, always, known) in fields.items():
        if name in detail:
            assert status in always | known, (name, status)
            assert CHECKS[kind](detail[name]), (name, detail[name])
        else:
            assert status not in always, (name, status)
