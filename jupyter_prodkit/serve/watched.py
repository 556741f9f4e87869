"""The service as a child of the kernel: the package's own server, ended when whoever started it is no longer there.

Run as `python -m jupyter_prodkit.serve.watched PACKAGE FOLDER …`, with standard input a pipe that the starter holds
open: the system closes it however the starter ends, by `kill -9` too.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from importlib import import_module

__all__ = ["main"]


def main() -> int:
    """Serve as the package's own command does; return its exit status."""
    package, *arguments = sys.argv[1:]
    threading.Thread(target=_end_with_starter, args=(sys.stdin.fileno(),), daemon=True).start()
    status: int = import_module(f"{package}.serving.__main__").main(arguments)
    return status


def _end_with_starter(pipe: int) -> None:
    while os.read(pipe, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)  # the server's own way to end: requests in flight are answered


if __name__ == "__main__":
    sys.exit(main())
