"""A second opinion on what a notebook imports: pipreqs, in a tool environment of its own, kept from every index.

It pins an old IPython, so it can't live in the kernel's environment, and it looks names up on an index, which is how
dependency confusion begins. So it asks a server of ours, which knows only what is installed here.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from packaging.utils import canonicalize_name

from jupyter_prodkit.environment.facts import EnvironmentFacts
from jupyter_prodkit.errors import LockError
from jupyter_prodkit.lock.name_index import name_index
from jupyter_prodkit.lock.report import SecondOpinion
from jupyter_prodkit.lock.uv import Uv
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.release import without_credentials

__all__ = ["names_by_pipreqs", "second_opinion"]

_TOOL = ("--isolated", "--from", "pipreqs>=0.5", "--python", ">=3.9,<3.13")


def second_opinion(
    notebook: Path, facts: EnvironmentFacts, versions: Mapping[str, str], uv: Uv, progress: Progress
) -> SecondOpinion:
    """Return what pipreqs names of what is installed, beside `facts`; where it can't be had, why.

    `versions` has what is installed, by normalised name. Raises CancelledError.
    """
    try:
        named = names_by_pipreqs(notebook, versions, uv, progress) & versions.keys()
    except LockError as error:
        return SecondOpinion(failed=error.message)
    locked = {fact.name for fact in facts.distributions}
    return SecondOpinion(named=tuple(sorted(named)), not_locked=tuple(sorted(named - locked)))


def names_by_pipreqs(notebook: Path, versions: Mapping[str, str], uv: Uv, progress: Progress) -> frozenset[str]:
    """Return the distributions that pipreqs names for the saved `notebook`, normalised (PEP 503).

    `versions` has what is installed, by normalised name; all that pipreqs can learn about any name. Raises LockError
    where pipreqs can't be had or fails, CancelledError.
    """
    with tempfile.TemporaryDirectory(prefix="prodkit-pipreqs-") as scratch, name_index(versions.get) as address:
        folder, output = Path(scratch, "notebook"), Path(scratch, "names.txt")
        folder.mkdir()
        shutil.copyfile(notebook, folder / notebook.name)
        command: list[str | Path] = [
            "tool", "run", *_TOOL, *uv.flags, "pipreqs", "--scan-notebooks", "--mode", "no-pin",
            "--pypi-server", address, "--savepath", output, folder,
        ]  # fmt: skip
        environment = {**uv.environment, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        finished = Uv(uv.binary, uv.python, environment).ask(
            command,
            progress.silent(),
            folder,  # it warns of names that it looks up on an index: it can't
        )
        if finished.status != 0 or not output.exists():
            said = " ".join(without_credentials(finished.stderr).split())[-200:]
            raise LockError(
                f"pipreqs failed: {said or 'it gave no reason'}",
                "Lock without --cross-check; the cells' imports are read by us all the same.",
            )
        lines = output.read_text(encoding="utf-8").splitlines()
    named = (line.partition("=")[0].partition("[")[0].strip() for line in lines)
    return frozenset(str(canonicalize_name(name)) for name in named if name)
