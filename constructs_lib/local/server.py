"""The server process: MiniStack with our hooks, on one loopback socket that the parent opened."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from pathlib import Path

from hypercorn.asyncio import serve
from hypercorn.config import Config

from constructs_lib.local import process

_PATIENCE = 0.3  # seconds for workers to end


def main() -> None:
    """Serve until the parent closes our standard input or ends us; arguments: file descriptor, run directory."""
    # Lambda functions inherit this environment; they must not see the packages of the checkout.
    os.environ.pop("PYTHONPATH", None)
    # Whoever ends us ends our standard input: then the whole group goes, see below.
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    threading.Thread(target=_end_with_parent, daemon=True).start()

    # After the environment is as it should be: MiniStack reads its settings when it is imported.
    from constructs_lib.local import hooks, resource_types  # noqa: PLC0415
    from constructs_lib.local.comprehend import admin, service  # noqa: PLC0415
    from constructs_lib.local.hooks import door  # noqa: PLC0415

    ministack_app = hooks.install(service, resource_types.RESOURCE_TYPES | service.RESOURCE_TYPES)

    app = door.guarded(ministack_app, admin.handle, os.environ["MINISTACK_ACCOUNT_ID"])

    config = Config()
    config.bind = [f"fd://{sys.argv[1]}"]
    config.certfile, config.keyfile = os.environ["MINISTACK_SSL_CERT"], os.environ["MINISTACK_SSL_KEY"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    # Without a trigger of its own, hypercorn would catch SIGTERM and wait for open connections.
    asyncio.run(serve(app, config, shutdown_trigger=asyncio.Event().wait))  # type: ignore[arg-type]


def _end_with_parent() -> None:
    """End this process group, Lambda workers included, when the parent is gone, however it went."""
    sys.stdin.buffer.read()
    # Others first, so that none writes into the folder any longer while it goes.
    directory = Path(sys.argv[2])
    process.end_registered(directory)
    os.killpg(0, signal.SIGTERM)
    time.sleep(_PATIENCE)
    process.remove(directory)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
