"""uv: where it is, what it is told of the configured indexes, and what it is asked."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from packaging.utils import canonicalize_name

from jupyter_prodkit.errors import LockError, MissingDependencyError
from jupyter_prodkit.lock.complaints import complaint
from jupyter_prodkit.lock.pip_settings import PipSettings, read_pip_settings
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.release import without_credentials
from jupyter_prodkit.subprocesses import Finished, run_program

__all__ = ["Answer", "Uv", "find_uv", "uv_environment"]

_YANKED = re.compile(r'`(?P<name>[\w.-]+?)==[^`]+` is yanked(?: \(reason: "(?P<reason>.*?)"\))?')
Form = Literal["requirements.txt", "pylock.toml"]

# What these say would change the pins or make builds fail; the lock states what the kernel has, and nothing else.
_NOT_OURS = frozenset(
    {"UV_BUILD_CONSTRAINT", "UV_CONSTRAINT", "UV_EXCLUDE", "UV_OVERRIDE", "UV_REQUIRE_HASHES", "UV_WORKING_DIR"}
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What uv said of some pins."""

    text: str
    yanked: Mapping[str, str] = field(default_factory=dict)
    """Pins whose release was withdrawn (PEP 592), by normalised name, with the reason that was given."""


@dataclass(frozen=True)
class Uv:
    """One uv binary, used for one interpreter."""

    binary: Path
    python: str
    """Absolute path of the interpreter: uv reads `-p v3` as a version."""
    environment: Mapping[str, str] = field(repr=False)
    """Holds the indexes' credentials, which a command line would show to everyone on the machine."""
    flags: tuple[str, ...] = ()

    @classmethod
    def here(cls, python: str = sys.executable) -> Uv:
        """Return uv with the indexes that pip and uv are configured with here. Raises MissingDependencyError."""
        settings = read_pip_settings(os.environ)
        flags = ("--no-index",) if settings.no_index else ()
        return cls(find_uv(), str(Path(python).absolute()), uv_environment(os.environ, settings), flags)

    @property
    def extra_indexes(self) -> frozenset[str]:
        """The configured indexes beside the main one, without credentials."""
        named = self.environment.get("UV_INDEX", "").split() + self.environment.get("UV_EXTRA_INDEX_URL", "").split()
        places = [one.partition("=")[2] if "=" in one.partition("://")[0] else one for one in named]
        return frozenset(without_credentials(place).rstrip("/") for place in places)

    def pin(self, lines: Sequence[str], form: Form, progress: Progress, offline: bool, *, folder: Path) -> Answer:
        """Return exactly the distributions in `lines`, with hashes, in uv's text; paths in it are relative to `folder`.

        With `offline` only what uv has kept is looked at. Raises LockError with uv's reason (UnreachableIndexError
        where an index did not answer), CancelledError.
        """
        options = ["--no-deps", "--format", form, *_offline(offline)]
        return self._compile(lines, options, folder, progress, "pin the kernel's distributions")

    def resolve(
        self, lines: Sequence[str], form: Form, progress: Progress, offline: bool, *, constraints: Path, folder: Path
    ) -> Answer:
        """Return `lines` and all they require, within the file of `constraints`; else as `pin`."""
        options = ["--constraints", str(constraints), "--format", form, *_offline(offline)]
        return self._compile(lines, options, folder, progress, "fit the server's distributions to the kernel's")

    def build_wheel(self, source: Path, folder: Path, progress: Progress) -> Path:
        """Build a wheel from a source folder or an sdist and return its path in `folder`.

        Goes by way of an sdist, so that a `build/` left in the source from an earlier version can't get in; where a
        backend can't make one, builds in place. Raises LockError with the backend's reason, CancelledError.
        """
        ways: tuple[list[str], ...] = (["--wheel"],) if source.is_file() else ([], ["--wheel"])
        for options in ways:
            finished = self.ask(["build", source, "--out-dir", folder, *options, "-p", self.python], progress)
            if finished.status == 0:
                return _only_wheel(folder)
        raise complaint(f"build a wheel from {without_credentials(str(source))}", finished.stderr)

    def _compile(
        self, lines: Sequence[str], options: Sequence[str], folder: Path, progress: Progress, what: str
    ) -> Answer:
        command = ["pip", "compile", "-", "--generate-hashes", "--no-header", "--no-annotate", *self.flags, *options]
        if "requirements.txt" in options:
            command.append("--emit-index-annotation")
        text = "\n".join(lines) + "\n"
        finished = self.ask([*command, "-p", self.python], progress, folder, stdin=text)
        if finished.status != 0:
            raise complaint(what, finished.stderr)
        return Answer(without_credentials(finished.stdout), _yanked(finished.stderr))

    def ask(
        self, command: Sequence[str | Path], progress: Progress, folder: Path | None = None, stdin: str | None = None
    ) -> Finished:
        """Run uv with `command` and return what it gave; a failure is the caller's to judge. Raises CancelledError."""
        full = [self.binary, "--no-progress", "--no-python-downloads", *command]
        return run_program(full, progress, cwd=folder, environment=self.environment, stdin=stdin)


def find_uv() -> Path:
    """Return the binary of the installed uv package, or else the one on PATH. Raises MissingDependencyError."""
    try:
        package: Any = import_module("uv")
        return Path(package.find_uv_bin())
    except (ImportError, FileNotFoundError):
        on_path = shutil.which("uv")
    if on_path is None:
        raise MissingDependencyError("uv", "lock")
    return Path(on_path)


def uv_environment(environ: Mapping[str, str], settings: PipSettings) -> dict[str, str]:
    """Return `environ` with pip's settings said in uv's variables; what the user told uv itself comes first."""
    result = {name: value for name, value in environ.items() if name not in _NOT_OURS}
    if settings.index_url and not (environ.get("UV_DEFAULT_INDEX") or environ.get("UV_INDEX_URL")):
        result["UV_DEFAULT_INDEX"] = settings.index_url
    if settings.extra_index_urls:
        result["UV_INDEX"] = _joined(" ", environ.get("UV_INDEX"), settings.extra_index_urls)
        # pip takes a version from whichever index has it; uv by default asks only the first index that knows the name
        result.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    if settings.find_links:
        present = [place for place in settings.find_links if "://" in place or Path(place).exists()]  # as pip does
        result["UV_FIND_LINKS"] = _joined(",", environ.get("UV_FIND_LINKS"), present)
    if settings.trusted_hosts:
        result["UV_INSECURE_HOST"] = _joined(" ", environ.get("UV_INSECURE_HOST"), settings.trusted_hosts)
    if settings.certificate:
        result.setdefault("SSL_CERT_FILE", settings.certificate)
    # The earliest time a zip file can hold: the same source gives the same wheel.
    result.setdefault("SOURCE_DATE_EPOCH", "315532800")
    result["NO_COLOR"] = "1"
    return result


def _yanked(stderr: str) -> dict[str, str]:
    said = " ".join(stderr.split())
    return {canonicalize_name(match["name"]): (match["reason"] or "").strip() for match in _YANKED.finditer(said)}


def _offline(is_so: bool) -> list[str]:
    return ["--offline"] if is_so else []


def _joined(separator: str, own: str | None, ours: Sequence[str]) -> str:
    return separator.join([*([own] if own else []), *ours])


def _only_wheel(folder: Path) -> Path:
    wheels = sorted(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise LockError(f"The build made {len(wheels)} wheels where one was expected.")
    return wheels[0]
