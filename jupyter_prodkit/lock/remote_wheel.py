"""The RECORD of a wheel on an index, had by fetching only the end of the file, where a zip archive keeps its list."""

from __future__ import annotations

import base64
import io
import os
import urllib.error
import urllib.request
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import unquote, urlsplit

from jupyter_prodkit.environment.editables import file_url_path
from jupyter_prodkit.files import write_file

__all__ = ["WheelRecords", "record_in"]

_PATIENCE_SECONDS = 20.0
_TAIL = 1 << 16
_WHOLE_AT_MOST = 64 << 20
_PARTIAL = 206
_LISTS = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")


@dataclass(frozen=True)
class WheelRecords:
    """Gives the RECORD of wheels by URL, and remembers them by the digest of the wheel, as that can't change."""

    environment: Mapping[str, str] = field(repr=False)
    """Names the indexes with their credentials, as uv is told of them."""
    cache: Path | None = None
    """The folder to remember them in; None to remember nothing."""

    @classmethod
    def cached(cls, environment: Mapping[str, str]) -> WheelRecords:
        """Return one that remembers in the user's cache folder."""
        home = environment.get("XDG_CACHE_HOME")
        return cls(environment, Path(home or Path.home() / ".cache") / "jupyter-prodkit" / "records")

    def record(self, url: str, sha256: str) -> str | None:
        """Return the text of RECORD in the wheel at `url`, or None where it can't be had."""
        kept = None if self.cache is None else self.cache / sha256
        if kept is not None:
            with suppress(OSError):
                return kept.read_text(encoding="utf-8")
        try:
            found = self._fetched(url)
        except (OSError, ValueError, zipfile.BadZipFile):
            return None
        if found is not None and kept is not None:
            with suppress(Exception):  # a cache that can't be written is no reason to fail
                write_file(kept, found)
        return found

    def _fetched(self, url: str) -> str | None:
        if url.startswith("file:"):
            with zipfile.ZipFile(file_url_path(url)) as archive:
                return record_in(archive)
        if urlsplit(url).scheme not in ("http", "https"):
            return None
        remote = _Remote(url, self._authorization(url))
        with zipfile.ZipFile(remote) as archive:
            return record_in(archive)

    def _authorization(self, url: str) -> Mapping[str, str]:
        """Return the header for the index that stands on the same host, where it was named with a password."""
        host = urlsplit(url).netloc.rpartition("@")[2]
        for place in self._places():
            parts = urlsplit(place)
            if parts.username and parts.netloc.rpartition("@")[2] == host:
                pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
                return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        return {}

    def _places(self) -> Sequence[str]:
        texts = [self.environment.get(name, "").replace(",", " ") for name in _LISTS]
        named = [place for text in texts for place in text.split()]
        return [place.partition("=")[2] if "=" in place.partition("://")[0] else place for place in named]


def record_in(archive: zipfile.ZipFile) -> str | None:
    """Return the text of a wheel's RECORD, None where it has none."""
    names = [name for name in archive.namelist() if name.endswith(".dist-info/RECORD") and name.count("/") == 1]
    return archive.read(names[0]).decode("utf-8", errors="replace") if names else None


class _Remote(io.RawIOBase):
    """A file on a server, read in ranges (RFC 9110); whole where the server knows none and it is small enough."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._url, self._headers, self._at = url, headers, 0
        self._tail, self._size = self._end()

    def _end(self) -> tuple[bytes, int]:
        with self._open(f"bytes=-{_TAIL}") as answer:
            if answer.status == _PARTIAL:
                data = answer.read()
                total = str(answer.headers.get("Content-Range", "")).rpartition("/")[2]
                return data, int(total) if total.isdigit() else len(data)
            data = answer.read(_WHOLE_AT_MOST + 1)
            if len(data) > _WHOLE_AT_MOST:
                raise OSError(f"too large to be fetched whole: {self._url}")
            return data, len(data)

    def _open(self, wanted: str) -> HTTPResponse:
        headers = {**self._headers, "Range": wanted}
        request = urllib.request.Request(self._url, headers=headers)  # noqa: S310 - http(s) only
        answer: HTTPResponse = urllib.request.urlopen(request, timeout=_PATIENCE_SECONDS)  # noqa: S310
        return answer

    def seekable(self) -> bool:
        """Return True: any range can be asked for."""
        return True

    def readable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the place that is read next."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a place, as files do."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """Return up to `size` bytes from here."""
        end = self._size if size is None or size < 0 else min(self._size, self._at + size)
        start, self._at = self._at, max(end, self._at)
        if start >= end:
            return b""
        first = self._size - len(self._tail)
        if start >= first:
            return self._tail[start - first : end - first]
        with self._open(f"bytes={start}-{end - 1}") as answer:
            if answer.status != _PARTIAL:
                raise OSError(f"no ranges: {self._url}")
            return answer.read()
