"""The pages of the documentation and their code blocks."""

import re
from dataclasses import dataclass

from support import ROOT

PAGES = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
}


@dataclass(frozen=True)
class Block:
    """A fenced code block.

    Args:
        page: The path of its page.
        line: Where it begins.
        language: What follows the fence.
        code: What it holds.
    """

    page: str
    line: int
    language: str
    code: str

    def __str__(self):
        return f"{self.page}:{self.line}"


BLOCKS = [
    Block(page, text.count("\n", 0, match.start()) + 1, match[1], match[2])
    for page, text in PAGES.items()
    for match in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
]


def blocks(language, page=None):
    """All blocks in a language, of all pages or one."""
    return [block for block in BLOCKS if block.language == language and page in {None, block.page}]
