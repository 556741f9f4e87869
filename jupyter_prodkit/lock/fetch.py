"""Getting the source of a distribution that no index has: its folder, its archive or its commit."""

from __future__ import annotations

import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

from jupyter_prodkit.environment.editables import file_url_path
from jupyter_prodkit.environment.facts import DistributionFact
from jupyter_prodkit.errors import LockError
from jupyter_prodkit.files import file_digest
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.release import without_credentials
from jupyter_prodkit.subprocesses import run_program

__all__ = ["source_of"]

_PATIENCE_SECONDS = 60.0
_CHUNK = 1 << 20


def source_of(fact: DistributionFact, folder: Path, progress: Progress) -> Path:
    """Return the source folder, sdist or wheel that `fact` was installed from; what must be fetched goes into `folder`.

    Raises LockError naming the distribution where its source can't be had any more, CancelledError.
    """
    url, _, fragment = (fact.url or "").partition("#")  # urldefrag writes git+file:///x as git+file:/x
    wanted = {key: values[0] for key, values in parse_qs(fragment).items()}
    if fact.source == "vcs":
        place = _checkout(fact, url, folder, progress)
    elif fact.source == "archive":
        return _archive(fact, url, wanted.get("sha256"), folder, progress)
    else:
        place = Path(file_url_path(url))
    source = place / wanted.get("subdirectory", "")
    if not source.is_dir():
        raise _gone(fact, f"its source folder {source} is no longer there")
    return source


def _archive(fact: DistributionFact, url: str, digest: str | None, folder: Path, progress: Progress) -> Path:
    if url.startswith("file:"):
        path = Path(file_url_path(url))
        if not path.is_file():
            raise _gone(fact, f"the file it was installed from, {path}, is no longer there")
    else:
        path = folder / unquote(PurePosixPath(urlsplit(url).path).name)
        _download(fact, url, path, progress)
    if digest and file_digest(path) != digest:
        raise _gone(fact, f"{url} is no longer the file it was installed from")
    return path


def _download(fact: DistributionFact, url: str, path: Path, progress: Progress) -> None:
    if urlsplit(url).scheme not in ("http", "https"):
        raise _gone(fact, f"{url} is no address that can be fetched")
    try:
        with urllib.request.urlopen(url, timeout=_PATIENCE_SECONDS) as answer, path.open("wb") as file:  # noqa: S310 - checked above
            while chunk := answer.read(_CHUNK):
                progress.raise_if_cancelled()
                file.write(chunk)
    except (urllib.error.URLError, TimeoutError) as error:
        raise _gone(fact, f"{url} can't be fetched ({getattr(error, 'reason', error)})") from error


def _checkout(fact: DistributionFact, url: str, folder: Path, progress: Progress) -> Path:
    kind, _, rest = url.partition("+")
    address, _, commit = rest.rpartition("@")
    if kind != "git" or not address or not commit:
        raise _gone(fact, f"it comes from {url}, and only git is known here")
    target = folder / "checkout"
    _git(fact, ["clone", "--quiet", "--no-checkout", "--filter=blob:none", "--", address, target], progress)
    _git(fact, ["-C", target, "checkout", "--quiet", "--detach", commit], progress)
    _git(fact, ["-C", target, "submodule", "--quiet", "update", "--init", "--recursive"], progress)
    return target


def _git(fact: DistributionFact, arguments: Sequence[str | Path], progress: Progress) -> None:
    git = shutil.which("git")
    if git is None:
        raise _gone(fact, "it comes from a git repository, and git is not installed here")
    # Without a terminal: a repository that asks for a password must fail, not wait.
    finished = run_program([git, *arguments], progress, environment={**os.environ, "GIT_TERMINAL_PROMPT": "0"})
    if finished.status != 0:
        said = without_credentials(finished.stderr.strip()).splitlines()
        fatal = [line for line in said if line.startswith("fatal:")]
        raise _gone(fact, f"git says: {next(iter(fatal or said), 'nothing').rstrip('.')}")


def _gone(fact: DistributionFact, reason: str) -> LockError:
    return LockError(
        f"{fact.name} {fact.version} can't be locked: {reason}.",
        "Install it again from a place that is still there, restart the kernel, run the notebook and lock.",
    )
