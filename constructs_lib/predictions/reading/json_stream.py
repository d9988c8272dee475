"""JSON objects one after the other, on lines or spread over lines, bare or in an array."""

from __future__ import annotations

import codecs
import json
import re
from typing import TYPE_CHECKING, Any

from .streams import CHUNK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .streams import Source

_LONGEST = 1 << 20  # characters of a record, or between two; a thousand classes with long names need a tenth of it
_between = re.compile(r"[ \t\r\n,\[\]]*").match
# PowerShell writes UTF-16 when output is sent to a file.
_ENCODINGS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def looks_like_json(start: bytes) -> bool:
    """Tell whether the first bytes of a file may begin a JSON object or array, or blanks before one, or nothing."""
    text = start.decode(_encoding(start), "replace").lstrip()
    return not text or text[0] in "{["


def _encoding(start: bytes) -> str:
    return next((encoding for mark, encoding in _ENCODINGS.items() if start.startswith(mark)), "utf-8")


def json_batches(source: Source) -> Iterator[list[Any]]:
    """Read the JSON values of a text, which should be objects.

    Args:
        source: The text, in UTF-8, or in UTF-16 with a byte order mark.

    Yields:
        The values, as many at once as lie in a part of the text: a step for each would take half as long again.

    Raises:
        ValueError: There is something else than JSON, or a value is longer than 1 MiB, cut off, or nested too deeply.
    """
    decode = codecs.getincrementaldecoder(_encoding(source.peek(3)))().decode
    # The scanner of the standard library's decoder, without the layers around it, which cost as much again.
    scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
    text, start, blanks = "", 0, 0
    while True:
        values: list[Any] = []
        end = 0
        try:
            while True:
                # Nearly all values are objects on a line of their own.
                start = end + 1 if text[end : end + 2] == "\n{" else _between(text, end).end()  # type: ignore[union-attr]
                value, end = scan(text, start)
                values.append(value)
        except StopIteration:
            fault = "the text ends too early"
        except json.JSONDecodeError as error:
            fault = error.msg
        except RecursionError:
            fault = "nested too deeply"
        if values:
            yield values
        rest = text[start:]
        blanks = 0 if rest else len(text) - end + (0 if end else blanks)
        if len(rest) > _LONGEST or blanks > _LONGEST:
            raise ValueError(f"what begins with {text[end:][:60]!r} is no JSON object of at most 1 MiB")
        # As much again as there is: a long record is scanned a few times, not once a chunk.
        chunk = source.read_exactly(max(CHUNK, len(rest)))
        text = rest + decode(chunk, final=not chunk)
        if not chunk and len(text) == len(rest):
            if not rest:
                return
            raise ValueError(f"{fault} in {rest[:60]!r}")
