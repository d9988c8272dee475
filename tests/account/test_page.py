"""The page of assumptions and the report: both from the list of facts, both lead to the lines that they are about."""

import json

import pytest

from account import assumptions_page, run_report
from account.anchors import ROOT, Anchor
from account.bench import Run
from account.facts import FACTS
from account.runner import Result
from account.step import Kind, Verdict


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.id)
def test_each_line_that_a_fact_names_is_there_once(fact):
    assert fact.code
    for anchor in fact.touched:
        assert anchor.resolve().startswith(f"{anchor.file}:")
    for test in fact.held_by:
        assert (ROOT / test).is_file(), test


@pytest.mark.parametrize("text", ["nowhere to be found", "import"])
def test_a_line_that_is_not_there_or_not_the_only_one_is_said(text):
    anchor = Anchor("account/anchors.py", text)
    with pytest.raises(LookupError, match="not one: say anew where it is"):
        anchor.resolve()
    assert anchor.place() == f"account/anchors.py ({text})"


def test_the_page_is_that_of_the_facts():
    assert assumptions_page.page(assumptions_page.measured()) == assumptions_page.PAGE.read_text(), (
        "run: python -m account.assumptions_page"
    )


def test_the_page_has_what_was_measured_last_on_aws(tmp_path):
    for date, detail in (("2026-12-01T00:00:00+00:00", "seen first"), ("2027-01-01T00:00:00+00:00", "seen last")):
        found = {"id": "no-read", "verdict": "differs", "detail": detail}
        written = {"date": date, "where": "AWS", "region": "eu-west-1", "results": [found]}
        (tmp_path / f"{date[:4]}.json").write_text(json.dumps(written))
    (tmp_path / "local.json").write_text(json.dumps({**written, "where": "local AWS", "date": "2028-01-01"}))
    text = assumptions_page.page(assumptions_page.measured(tmp_path))
    assert text.count("differs (2027-01-01, eu-west-1): seen last") == 2
    assert "seen first" not in text
    assert "nothing below is measured" not in text


class Somewhere:
    account, region = "111122223333", "eu-west-1"


def test_a_difference_names_the_lines_of_double_and_code():
    fact = next(fact for fact in FACTS if fact.id == "no-read")
    verdict = Verdict(Kind.DIFFERS, "the message was another in 111122223333")
    found = Result(fact, verdict, 1.0, tuple(anchor.place() for anchor in fact.touched))
    written = run_report.as_json(Run(Somewhere(), "x"), [found], [])
    assert written["results"][0]["touches"] == [anchor.resolve() for anchor in fact.touched]
    table = " ".join(run_report.as_table(written, width=100).split())
    assert "the message was another in ACCOUNT" in table
    assert f"touches {fact.double[0].resolve()}" in table
    assert "1 differs" in table
