"""Which patch releases of Python the locked distributions leave."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_prodkit.environment.facts import DistributionFact, EnvironmentFacts
from jupyter_prodkit.environment.supported_python import supported_python
from jupyter_prodkit.lock.uv import find_uv


def supported(*asked: str | None, python: str = "3.11.7") -> str:
    distributions = tuple(
        DistributionFact(name=f"d{place}", version="1", why="imported", requires_python=one)
        for place, one in enumerate(asked)
    )
    return supported_python(
        EnvironmentFacts(
            python=python, implementation="cpython", platform="linux", machine="x86_64", distributions=distributions
        )
    )


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ((None, ">=3.9", ">=3.8,<4", "!=3.9.7,>=3.7", "~=3.10"), ">=3.11,<3.12"),
        ((">=3.11.4",), ">=3.11.4,<3.12"),
        ((">=3.9,!=3.11.3", ">3.11.1"), ">=3.11.2,<3.12,!=3.11.3"),
        (("<3.11.9,>=3.11.1",), ">=3.11.1,<3.11.9"),
        (("==3.11.7",), ">=3.11.7,<3.11.8"),
        (("<3.11", ">=3.12", "what?"), ">=3.11,<3.12"),  # contradicted by what is installed, or no specifier
    ],
)
def test_what_every_distribution_leaves(asked: tuple[str | None, ...], left: str) -> None:
    """The range of the package holds no release that one of its distributions excludes, and no fewer."""
    assert supported(*asked) == left


def test_an_early_release_counts_as_the_first() -> None:
    """Python's own release candidates are of their minor version."""
    assert supported(">=3.15", python="3.15.0rc1") == ">=3.15,<3.16"


@pytest.mark.slow
@pytest.mark.skipif(sys.version_info[2] == 0, reason="The first release of a Python has none before it.")
def test_a_resolver_for_all_pythons_takes_it(tmp_path: Path) -> None:
    """`uv lock` of a project with that range finds the dependency, which it refuses for the whole minor version."""
    minor, here = f"{sys.version_info[0]}.{sys.version_info[1]}", ".".join(map(str, sys.version_info[:3]))
    range_of_package = supported(f">={here}", python=here)
    library, project = tmp_path / "late", tmp_path / "project"
    head = '[build-system]\nrequires = ["uv_build"]\nbuild-backend = "uv_build"\n[project]\nversion = "1"\n'
    for folder, name, python, more in (
        (library, "late", f">={here}", ""),
        (project, "work", range_of_package, 'dependencies = ["late"]\n[tool.uv.sources]\nlate = {path = "../late"}\n'),
    ):
        (folder / "src" / name).mkdir(parents=True)
        (folder / "src" / name / "__init__.py").touch()
        (folder / "pyproject.toml").write_text(f'{head}name = "{name}"\nrequires-python = "{python}"\n{more}')
    command = [str(find_uv()), "lock", "--offline", "--no-python-downloads"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    text = (project / "pyproject.toml").read_text().replace(range_of_package, f"=={minor}.*")
    (project / "pyproject.toml").write_text(text)
    assert subprocess.run(command, cwd=project, capture_output=True, check=False).returncode != 0
