"""A summary as one self-contained HTML page."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from constructs_lib.predictions.terminal import accuracy_sentence, best_score, class_names, counted, fit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from constructs_lib.predictions.summary import ClassCount, Summary

# Nothing is loaded and nothing runs: the page may be mailed and opened anywhere.
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p class="source">{source}</p>
{figures}
{sections}
</main>
</body>
</html>
"""

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #59636e; --paper: #ffffff; --card: #f5f7f9;
  --line: #d8dee4; --bar: #2f6fb3; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ebef; --soft: #9aa4af; --paper: #14171b; --card: #1f242a; --line: #353c45; --bar: #6ea8e6; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 56rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: 1.1rem; margin: 2.25rem 0 .5rem; }
.source { color: var(--soft); margin: .25rem 0 1.25rem; overflow-wrap: anywhere; }
dl { display: flex; flex-wrap: wrap; gap: .75rem; margin: 0; }
dl div { background: var(--card); border-radius: .5rem; padding: .6rem 1rem; }
dt { color: var(--soft); font-size: .85rem; }
dd { margin: 0; font-size: 1.3rem; font-variant-numeric: tabular-nums; }
svg { display: block; width: 100%; min-width: 40rem; height: auto; }
svg text { fill: var(--ink); font-size: 14px; }
svg .number { fill: var(--soft); font-variant-numeric: tabular-nums; }
svg rect { fill: var(--bar); }
details { margin-top: .75rem; }
.wide { overflow-x: auto; margin-bottom: 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top;
  overflow-wrap: anywhere; }
th { color: var(--soft); font-weight: 500; font-size: .85rem; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.note { color: var(--soft); }
"""

_CHART_WIDTH, _NAME_WIDTH, _NUMBER_WIDTH, _ROW_HEIGHT = 900, 240, 130, 26
_LONGEST_NAME = 22  # capital letters that fit into _NAME_WIDTH


def render_html(summary: Summary, *, source: str = "") -> str:
    """Render a summary as one page with a chart: no script, no external resource, light and dark.

    Args:
        summary: The summary.
        source: Where the predictions came from. Default: - not shown.

    Returns:
        The HTML. All text of the job is escaped.
    """
    return _PAGE.format(
        title="Document classification",
        style=_STYLE,
        source=_text(source),
        figures=_figures(summary),
        sections="\n".join(
            filter(None, (_classes(summary), _accuracy(summary), _lowest(summary), _problems(summary), _first(summary)))
        ),
    )


def _figures(summary: Summary) -> str:
    figures = [("Predictions", f"{summary.total:,}"), ("Classes", f"{len(summary.classes):,}")]
    if summary.accuracy is not None:
        figures.append(("Classified as labelled", f"{summary.accuracy.share:.1%}"))
    if summary.unassigned:
        figures.append(("Without a class", f"{summary.unassigned:,}"))
    if summary.with_errors:
        figures.append(("With errors", f"{summary.with_errors:,}"))
    return "<dl>" + "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in figures) + "</dl>"


def _classes(summary: Summary) -> str:
    if not summary.classes:
        return ""
    # The chart shows counts to the eye; the table gives every number to screen readers and for copying.
    rows = [(item.name, f"{item.documents:,}", f"{item.mean_score:.3f}") for item in summary.classes]
    table = _table(("Class", "Documents", "Mean score"), rows, numbers=2)
    return _section(
        "Documents per class",
        _chart(summary.classes, summary.total),
        f"<details><summary>As a table</summary>{table}</details>",
    )


def _chart(classes: Sequence[ClassCount], total: int) -> str:
    most = classes[0].documents
    room = _CHART_WIDTH - _NAME_WIDTH - _NUMBER_WIDTH
    height = len(classes) * _ROW_HEIGHT
    rows = []
    for index, item in enumerate(classes):
        length = max(2.0, room * item.documents / most)
        middle = index * _ROW_HEIGHT + _ROW_HEIGHT / 2
        rows.append(
            f"<g><title>{_text(item.name)}: {item.documents:,}</title>"
            f'<text x="{_NAME_WIDTH - 10}" y="{middle + 5:g}" text-anchor="end">'
            f"{_text(fit(item.name, _LONGEST_NAME))}</text>"
            f'<rect x="{_NAME_WIDTH}" y="{middle - 9:g}" width="{length:.1f}" height="18" rx="2"/>'
            f'<text class="number" x="{_NAME_WIDTH + length + 8:.1f}" y="{middle + 5:g}">'
            f"{item.documents:,} ({item.documents / total:.1%})</text></g>"
        )
    return (
        f'<div class="wide"><svg viewBox="0 0 {_CHART_WIDTH} {height}" role="img" '
        f'aria-label="Bar chart: documents per class">'
        f"{''.join(rows)}</svg></div>"
    )


def _accuracy(summary: Summary) -> str:
    accuracy = summary.accuracy
    if accuracy is None:
        return ""
    rows = [
        (
            miss.prediction.document,
            class_names(miss.prediction, summary.threshold),
            " | ".join(miss.expected),
            best_score(miss.prediction),
        )
        for miss in accuracy.misses
    ]
    table = _table(("Document", "Classified as", "Label", "Score"), rows, numbers=1) if rows else ""
    return _section(
        "Compared with the labels",
        f"<p>{escape(accuracy_sentence(accuracy))}</p>",
        table,
        _more(accuracy.labelled - accuracy.right, len(rows)),
    )


def _lowest(summary: Summary) -> str:
    rows = [
        (
            prediction.document,
            prediction.scores[0].name,
            f"{prediction.scores[1].name} ({prediction.scores[1].score:.3f})" if len(prediction.scores) > 1 else "-",
            best_score(prediction),
        )
        for prediction in summary.lowest
    ]
    return _section("Least certain", _table(("Document", "Class", "Next", "Score"), rows, numbers=1)) if rows else ""


def _problems(summary: Summary) -> str:
    if not summary.error_codes and not summary.warning_codes:
        return ""
    counts = [("Error", code, f"{count:,}") for code, count in summary.error_codes.items()]
    counts += [("Warning", code, f"{count:,}") for code, count in summary.warning_codes.items()]
    rows = [(p.document, problem.code, problem.message) for p in summary.problems for problem in p.errors]
    return _section(
        "Errors and warnings",
        _table(("Kind", "Code", "Times"), counts, numbers=1),
        _table(("Document", "Code", "Message"), rows) if rows else "",
        _more(summary.with_errors, len(summary.problems)),
    )


def _first(summary: Summary) -> str:
    rows = [(p.document, class_names(p, summary.threshold), best_score(p)) for p in summary.first]
    if not rows:
        return ""
    return _section(
        "Predictions", _table(("Document", "Class", "Score"), rows, numbers=1), _more(summary.total, len(rows))
    )


def _section(heading: str, *content: str) -> str:
    return f"<section><h2>{heading}</h2>{''.join(content)}</section>"


def _more(total: int, shown: int) -> str:
    return (
        f'<p class="note">The first {shown:,} of {counted(total, "document")} are shown.</p>' if total > shown else ""
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: int = 0) -> str:
    """Make a table; its last columns, as many as `numbers` says, are set flush right."""
    flush = [' class="number"' if index >= len(header) - numbers else "" for index in range(len(header))]
    head = "".join(f"<th{style}>{name}</th>" for name, style in zip(header, flush, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{style}>{_text(cell)}</td>" for cell, style in zip(row, flush, strict=True)) + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _text(text: str) -> str:
    """Escape markup, and show what HTML cannot hold (control characters, lone surrogates) as a replacement sign."""
    return escape("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text))
