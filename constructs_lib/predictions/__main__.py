"""`python -m constructs_lib.predictions`: see `--help`."""

import sys

from constructs_lib.predictions.command import main

if __name__ == "__main__":
    sys.exit(main())
