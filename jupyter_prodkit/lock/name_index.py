"""An index on loopback that knows names and versions and holds no file, for tools that look names up on an index."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from packaging.utils import canonicalize_name

__all__ = ["name_index"]


@contextmanager
def name_index(version_of: Callable[[str], str | None]) -> Iterator[str]:
    """Yield the address of a server that answers as PyPI's JSON API does.

    `version_of` gives the version of a normalised name (PEP 503), None where it is not known.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name is http.server's
            name = unquote(self.path.strip("/").partition("/")[0])
            version = version_of(canonicalize_name(name))
            info = {"name": name, "version": version, "package_url": ""}
            answer = {"info": info, "releases": {version: []}, "urls": []}
            body = b"{}" if version is None else json.dumps(answer).encode()
            self.send_response(404 if version is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
