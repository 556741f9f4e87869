"""`python -m PACKAGE.serving FOLDER`: serve a release folder."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from .app import BODY_LIMIT
from .errors import ServingError
from .server import GRACE_SECONDS, serve

__all__ = ["main"]

_LOG_LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def main(arguments: list[str] | None = None) -> int:
    """Serve as the command line says; return 0 after a clean end, 1 after one line that says why it could not start."""
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}", description="Serve a released model over HTTP.")
    parser.add_argument("folder", type=Path, help="the release folder")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="port, 0 for a free one (default: %(default)s)")
    parser.add_argument("--body-limit", type=int, default=BODY_LIMIT, help="largest body, bytes (default: %(default)s)")
    parser.add_argument("--grace", type=int, default=GRACE_SECONDS, help="seconds to end (default: %(default)s)")
    parser.add_argument("--no-golden", action="store_true", help="start without predicting the golden rows first")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format=_LOG_LINE)
    try:
        serve(
            chosen.folder,
            host=chosen.host,
            port=chosen.port,
            body_limit=chosen.body_limit,
            grace_seconds=chosen.grace,
            check_golden=not chosen.no_golden,
            on_ready=_say,
        )
    except ServingError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
