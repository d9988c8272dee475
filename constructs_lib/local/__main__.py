"""`python -m constructs_lib.local`: see `--help`."""

import sys

from constructs_lib.local import MissingExtraError, require_extra

try:
    require_extra()
except MissingExtraError as error:
    sys.exit(str(error))

from constructs_lib.local.command import main

sys.exit(main())
