"""Writes the tables of the pages that follow from the code: `python docs/tables.py` puts them between their markers."""

from __future__ import annotations

import inspect
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from figures import (
    collecting,
    collecting_over_http,
    comparison,
    demo_seconds,
    measurements,
    workflow_figures,
    workflow_year,
)

from constructs_lib import (
    ClassificationJobHandler,
    ClassificationNetwork,
    DataAccessRole,
    DocumentClassificationJob,
    DocumentClassificationPipeline,
    DocumentClassificationWorkflow,
    PrivateBucket,
)
from constructs_lib._core.arns import Environment
from constructs_lib._iam import run_statements as say_of_runs
from constructs_lib._iam import statements as say
from constructs_lib._iam.permissions import (
    JobAccess,
    data_access_statements,
    endpoint_statements,
    handler_base_statements,
    handler_start_statements,
    network_statements,
)
from constructs_lib._iam.statements import S3Location, Statement
from constructs_lib.keys import KeyReference

DOCS = Path(__file__).parent

# Every construct that takes options; the pipeline explains only what is its own.
CONSTRUCTS = (
    DocumentClassificationPipeline,
    DocumentClassificationWorkflow,
    DocumentClassificationJob,
    ClassificationNetwork,
    ClassificationJobHandler,
    DataAccessRole,
    PrivateBucket,
)

_ENVIRONMENT = Environment("PARTITION", "REGION", "ACCOUNT")
_EVERYTHING = JobAccess(
    model_arn="MODEL",
    role_arn="DATA-ACCESS-ROLE",
    documents=S3Location("DOCUMENTS-BUCKET", "PREFIX/"),
    results=S3Location("RESULTS-BUCKET", "PREFIX/"),
    documents_key=KeyReference("", "DOCUMENTS-KEY"),
    results_key=KeyReference("", "RESULTS-KEY"),
    volume_key=KeyReference("", "VOLUME-KEY"),
    in_network=True,
    textract_action="textract:DetectDocumentText",
)
_INBOX = replace(_EVERYTHING, documents=S3Location("DOCUMENTS-BUCKET", "INBOX/"))


@dataclass(frozen=True)
class Option:
    """One row of a table of options."""

    name: str
    meaning: str
    default: str


def options(construct: type) -> list[Option]:
    """Read the options of a construct from its docstring.

    Args:
        construct: The class.

    Returns:
        Its options, scope and id left out.

    Raises:
        ValueError: Docstring and signature name different options.
    """
    text = inspect.getdoc(construct) or ""
    arguments = text.partition("Args:\n")[2].partition("\n\n")[0]
    entries = re.findall(r"^    (\w+): ((?:.|\n     +)+)", arguments, re.MULTILINE)
    found = [_option(name, " ".join(said.split())) for name, said in entries if name not in {"scope", "id"}]
    signature = [
        name
        for name in inspect.signature(vars(construct)["__init__"]).parameters
        if name not in {"self", "scope", "id"}
    ]
    if [option.name for option in found] != signature:
        raise ValueError(f"{construct.__name__} documents {[option.name for option in found]}, but takes {signature}")
    return found


def _option(name: str, said: str) -> Option:
    meaning, _, default = said.partition(" Default: ")
    return Option(name, meaning, default.removeprefix("- ").rstrip(".") or "required")


def options_table() -> str:
    """Write the tables of options.

    Returns:
        Markdown.
    """
    parts = []
    for construct in CONSTRUCTS:
        rows = "\n".join(f"| `{option.name}` | {option.meaning} | {option.default} |" for option in options(construct))
        parts.append(f"## `{construct.__name__}`\n\n| option | what it is | default |\n| --- | --- | --- |\n{rows}")
    return "\n\n".join(parts)


def permissions_table() -> str:
    """Write the table of statements.

    Returns:
        Markdown.
    """
    groups = {
        "The data access role, assumed by Comprehend only": data_access_statements([_EVERYTHING], _ENVIRONMENT),
        "The handler function, always": handler_base_statements(
            _ENVIRONMENT,
            function_arn="FUNCTION",
            log_group_arn="LOG-GROUP",
            stack_id="STACK",
            outermost_id="OUTERMOST-STACK",
            tags=True,
        ),
        "The handler function, to start the jobs of its stack": handler_start_statements([_EVERYTHING], _ENVIRONMENT),
        "The handler function, to clean up a network of the app": network_statements("VPC", _ENVIRONMENT),
        "The S3 endpoint of a network that is made": endpoint_statements(["BUCKET"], account="ACCOUNT"),
        "The role that writes the flow logs of a network that is made": [say.write_flow_logs("LOG-GROUP")],
        "The state machine of a workflow": [
            *say_of_runs.machine_statements(_EVERYTHING, _ENVIRONMENT, function_arn="FUNCTION", bus_arn="BUS"),
            say.tag_jobs(_ENVIRONMENT),
            *say_of_runs.look_for_other_runs("STATE-MACHINE", "EXECUTIONS"),
            say_of_runs.start_next_run("STATE-MACHINE"),
        ],
        "The function of a workflow": say_of_runs.function_statements(
            say_of_runs.RunNeeds(_INBOX, "BATCHES/", ["INBOX/", "BATCHES/"], "PREFIX/predictions/"),
            _ENVIRONMENT,
            log_group_arn="LOG-GROUP",
        ),
        "The role of a workflow's schedules": say_of_runs.scheduler_statements("STATE-MACHINE", "QUEUE"),
        "The role of a workflow's rules for uploads and ends": [say_of_runs.start_runs("STATE-MACHINE")],
        "The queue of starts that could not be made": [say_of_runs.receive_undelivered("QUEUE", "RULE")],
    }
    return "\n\n".join(_group(title, statements) for title, statements in groups.items())


def _group(title: str, statements: list[Statement]) -> str:
    rows = []
    for statement in statements:
        actions = "<br>".join(f"`{action}`" for action in statement.actions)
        resources = "<br>".join(f"`{resource}`" for resource in statement.resources)
        conditions = "<br>".join(
            f"`{key}` = `{value if isinstance(value, str) else ', '.join(value)}`"
            for keys in statement.conditions.values()
            for key, value in keys.items()
        )
        rows.append(f"| {statement.sid} | {actions} | {resources} | {conditions} | {statement.why} |")
    return f"**{title}**\n\n| statement | actions | on | if | why |\n| --- | --- | --- | --- | --- |\n" + "\n".join(
        rows
    )


def _plain(text: str) -> str:
    """Keep a text from being read as a template of a replacement."""
    return text.replace("\\", r"\\")


# Which page has which table, or figure within a sentence.
TABLES = {
    "../README.md": {"demo-seconds": demo_seconds, "workflow-year": workflow_year},
    "options.md": {"options": options_table},
    "permissions.md": {"permissions": permissions_table},
    "measurements.md": {"measurements": measurements},
    "comparison.md": {"comparison": comparison},
    "workflow.md": {
        "workflow-figures": workflow_figures,
        "collecting": collecting,
        "collecting-over-http": collecting_over_http,
    },
}


def with_tables(page: str) -> str:
    """Put its tables into a page.

    Args:
        page: The page's file name. It has `<!-- name -->` and `<!-- /name -->` around the place of each table, on lines
            of their own, or of each figure within a line.

    Returns:
        The text with every table as the code has it now.

    Raises:
        ValueError: A marker is missing.
    """
    text = (DOCS / page).read_text(encoding="utf-8")
    for name, table in TABLES[page].items():
        written = table()
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        if f"{begin}\n" in text:
            written = f"\n\n{written}\n\n"
        text, count = re.subn(rf"(?s)({begin}).*?({end})", rf"\g<1>{_plain(written)}\g<2>", text)
        if count != 1:
            raise ValueError(f"{page} has {count} places for the table {name}, not one")
    return text


if __name__ == "__main__":
    for page in TABLES:
        (DOCS / page).write_text(with_tables(page), encoding="utf-8")
    sys.stdout.write(f"{', '.join(page.removeprefix('../') for page in TABLES)} are up to date\n")
