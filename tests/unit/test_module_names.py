"""A module is found by its name: no two share one, so that nobody opens the wrong one."""

from collections import Counter

from support import ROOT

# What Lambda calls is a module `handler` in every function, and what a package runs as is its module `command`.
OF_EACH = {"handler", "command"}


def test_no_two_modules_share_a_name():
    modules = [
        file.stem for folder in ("constructs_lib", "lambda_src", "account") for file in (ROOT / folder).rglob("*.py")
    ]
    shared = {name for name, times in Counter(modules).items() if times > 1 and not name.startswith("__")}
    assert shared - OF_EACH == set()
