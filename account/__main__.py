"""`python -m account`."""

import os
import sys

from constructs_lib.local import toolchain


def main() -> int:
    """Run the command with the Node that the package brings: importing the CDK starts it."""
    os.environ["PATH"] = os.pathsep.join([str(toolchain.node_home() / "bin"), os.environ.get("PATH", os.defpath)])
    from account.command import main as command  # noqa: PLC0415 - after the line above

    return command()


if __name__ == "__main__":
    sys.exit(main())
