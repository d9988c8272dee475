"""How docstrings become the API reference: options as tables, fixtures as functions, examples as code."""

from __future__ import annotations

import inspect
import re
import textwrap
from enum import Enum
from typing import TYPE_CHECKING, Any

from constructs import Construct
from tables import options

from constructs_lib import ClassificationModel, DocumentReader, Documents, Results

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx

MADE_BY_METHODS = (ClassificationModel, DocumentReader, Documents, Results)


# Classes that offer each other more than they offer the apps that use them: what is API of each.
API = {
    "ClassificationJobHandler": {"of", "function", "role", "log_group", "metric_errors"},
    "ClassificationModel": {"from_classifier_arn", "from_flywheel_arn", "from_classifier", "from_flywheel"},
    "ClassificationNetwork": {"vpc", "subnets", "security_groups", "connections"},
    "DataAccessRole": set[str](),
    "DocumentReader": {"analyze", "detect_text", "service_default"},
    "Documents": {"from_asset", "from_bucket", "from_uri", "in_new_bucket"},
    "PrivateBucket": set[str](),
    "Results": {"in_new_bucket", "to_bucket", "to_uri"},
}


def skip_internals(
    _app: Sphinx,
    _what: str,
    name: str,
    member: Any,  # noqa: ANN401
    _skip: bool,  # noqa: FBT001 - called by Sphinx
    _options: Any,  # noqa: ANN401
) -> bool | None:
    """Leave out what is no API."""
    function = getattr(member, "fget", None) or getattr(member, "func", None) or member
    owner = getattr(function, "__qualname__", "").partition(".")[0]
    return True if owner in API and name not in API[owner] else None


def signatures(
    _app: Sphinx,
    what: str,
    _name: str,
    documented: Any,  # noqa: ANN401
    _options: Any,  # noqa: ANN401
    _arguments: str,
    _returned: str,
) -> tuple[str, str] | None:
    """Show what a construct takes: its metaclass hides that."""
    if documented in MADE_BY_METHODS or (what == "class" and issubclass(documented, Enum)):
        return "", ""
    if what != "class" or not issubclass(documented, Construct):
        return None
    _self, *parameters = inspect.signature(documented.__init__).parameters.values()
    return f"({', '.join(_written(parameters))})", ""


def _written(parameters: list[inspect.Parameter]) -> Iterator[str]:
    """Write parameters as the source does: annotations are texts, defaults of enums are their names."""
    named = False
    for parameter in parameters:
        if parameter.kind is parameter.KEYWORD_ONLY and not named:
            named = True
            yield "*"
        default = parameter.default
        shown = f"{type(default).__name__}.{default.name}" if isinstance(default, Enum) else repr(default)
        yield f"{parameter.name}: {parameter.annotation}" + ("" if default is parameter.empty else f" = {shown}")


def option_tables(_app: Sphinx, _what: str, _name: str, documented: Any, _options: Any, lines: list[str]) -> None:  # noqa: ANN401
    """Show the options of a construct as a table, and no fields of a value that has methods to make it."""
    if documented in MADE_BY_METHODS and "Args:" in lines:
        start = lines.index("Args:")
        lines[start : lines.index("", start)] = []
    if not (inspect.isclass(documented) and issubclass(documented, Construct)) or "Args:" not in lines:
        return
    found = options(documented)
    start = lines.index("Args:")
    end = next((place for place in range(start, len(lines)) if not lines[place]), len(lines))
    table = [
        ".. list-table::",
        "   :header-rows: 1",
        "   :class: options",
        "",
        "   * - option",
        "     - what it is",
        "",
    ]
    for option in found:
        table += [f"   * - ``{option.name}``", f"     - {option.meaning}", ""]
        table += [f"       Default: {option.default}." if option.default != "required" else "       **Required.**", ""]
    lines[start:end] = table if found else []


def examples(_app: Sphinx, _what: str, _name: str, _documented: Any, _options: Any, lines: list[str]) -> None:  # noqa: ANN401
    """Show what stands under "Example:" as code."""
    if "Example:" not in lines:
        return
    start = lines.index("Example:")
    end = next((place for place in range(start + 1, len(lines)) if lines[place][:1].strip()), len(lines))
    code = textwrap.dedent("\n".join(lines[start + 1 : end])).strip("\n").splitlines()
    lines[start:end] = [".. code-block:: python", "", *(f"   {line}" for line in code), ""]


def placeholders(_app: Sphinx, _what: str, _name: str, _documented: Any, _options: Any, lines: list[str]) -> None:  # noqa: ANN401
    """Show `a:<b>` as it is written: with one backtick it would be the title `a:` of a link to `b`."""
    lines[:] = [re.sub(r"(?<!`)`([^`]*<[^`]*>)`(?!`)", r"``\1``", line) for line in lines]


def defaults(_app: Sphinx, _what: str, _name: str, _documented: Any, _options: Any, lines: list[str]) -> None:  # noqa: ANN401
    """Leave out the dash that tells a default which is a behaviour from one that is a value."""
    lines[:] = re.sub(r"(Default:\s+)- ", r"\1", "\n".join(lines)).splitlines()


def unwrap_fixtures() -> None:
    """Let the fixtures be seen as the functions that they are written as."""
    import constructs_lib.testing.local  # noqa: PLC0415 - only for the reference
    import constructs_lib.testing.snapshot  # noqa: PLC0415

    for module in (constructs_lib.testing, constructs_lib.testing.local, constructs_lib.testing.snapshot):
        for name, value in vars(module).items():
            if type(value).__name__ == "FixtureFunctionDefinition":
                setattr(module, name, inspect.unwrap(value))


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of what is done here."""
    unwrap_fixtures()
    app.connect("autodoc-process-signature", signatures)
    app.connect("autodoc-skip-member", skip_internals)
    # Before napoleon, which makes lists of the sections.
    app.connect("autodoc-process-docstring", option_tables, priority=100)
    app.connect("autodoc-process-docstring", examples, priority=100)
    app.connect("autodoc-process-docstring", placeholders, priority=100)
    app.connect("autodoc-process-docstring", defaults, priority=100)
    return {"parallel_read_safe": True}
