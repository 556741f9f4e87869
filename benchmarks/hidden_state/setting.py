"""Where the accuracy benchmark works: the harness, an environment and the corpus, all outside the repository."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from checkout import CACHE, ROOT, environment, needed_packages

__all__ = ["DEFAULT_HARNESS", "DEFAULT_WORK", "Setting"]

DEFAULT_HARNESS = ROOT.parent / "shared" / "hsbench"
DEFAULT_WORK = CACHE / "accuracy"
NOTEBOOKS_ASKED_FOR = "30"


@dataclass(frozen=True)
class Setting:
    """The folders of one benchmark."""

    harness: Path
    """The folder that holds the package `hsbench` and `make_corpus.py`."""
    work: Path

    @property
    def environment(self) -> Path:
        """The environment that kernels, tools and the harness share; our package comes by path."""
        return self.work / "venv"

    @property
    def corpus(self) -> Path:
        """Notebooks that run clean twice, with what the harness knows about them."""
        return self.work / "corpus"

    @property
    def results(self) -> Path:
        """What was measured, kept for the next run."""
        return self.work / "results"

    def prepare(self) -> Path:
        """Make the environment and the corpus where they are missing (about a quarter of an hour, once).

        Returns the environment's Python. Raises SystemExit where the harness isn't there.
        """
        if not (self.harness / "hsbench" / "truth.py").exists():
            sys.exit(f"The harness is not in {self.harness}; say where it is with --harness.")
        requirements = self.harness / "hsbench" / "requirements.txt"
        python = environment(self.environment, ["-r", str(requirements), *needed_packages()])
        complete = self.corpus / "complete"
        if not complete.exists():
            make = [str(python), str(self.harness / "make_corpus.py"), str(self.corpus), NOTEBOOKS_ASKED_FOR]
            subprocess.run(make, check=True, stdout=sys.stderr)
            complete.touch()
        return python
