"""Whether a user asked for a distribution or another one brought it: what installers and projects keep of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from jupyter_prodkit.environment.capture import capture
from jupyter_prodkit.notebook.imported import CellImport
from jupyter_prodkit.notebook.imports import imports_in


def requested(folder: Path | None, *modules: str) -> dict[str, bool | None]:
    page = [CellImport("a", what) for module in modules for what in imports_in(f"import {module}")]
    return {one.name: one.requested for one in capture({}, (), folder, page).distributions}


def by_uv(site: Any, name: str, *requires: str) -> None:
    info = site.install(name, files={f"{name}.py": ""}, requires=requires, installer="uv")
    (info / "REQUESTED").write_text("")  # as uv does for whatever it installs


def test_what_nothing_else_requires_was_asked_for(site: Any) -> None:
    """Of what uv installed, that holds of what nothing else requires; of the rest it is not known."""
    by_uv(site, "alpha", "beta>=1", 'gamma; extra == "more"')
    by_uv(site, "beta")
    by_uv(site, "gamma")
    assert requested(None, "alpha", "gamma") == {"alpha": True, "beta": None, "gamma": None}


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pyproject.toml", "[project]\ndependencies = ['Beta >=1']"),
        ("pyproject.toml", "[project.optional-dependencies]\nmore = ['beta[x]']"),
        ("pyproject.toml", "[dependency-groups]\ndev = [{include-group = 'x'}, 'beta; sys_platform != \"x\"']\nx = []"),
        ("requirements.txt", "-r other.txt\n# gamma\nbeta==1.0  # because\nhttps://host/gamma.whl"),
        ("requirements-dev.in", "beta @ https://host/beta.whl"),
    ],
)
def test_what_the_project_states_was_asked_for(site: Any, tmp_path: Path, file: str, text: str) -> None:
    """The requirements of the project in whose folder the notebook lies, or of one above, are the user's."""
    by_uv(site, "alpha", "beta", "gamma")
    by_uv(site, "beta")
    by_uv(site, "gamma")
    (tmp_path / "work" / "notebooks").mkdir(parents=True)
    (tmp_path / "work" / file).write_text(text)
    assert requested(tmp_path / "work" / "notebooks", "alpha") == {"alpha": True, "beta": True, "gamma": None}
    (tmp_path / "work" / "notebooks" / ".git").mkdir()  # another repository's file is another project's
    assert requested(tmp_path / "work" / "notebooks", "alpha")["beta"] is None


def test_an_environment_that_uv_keeps(site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the environment of a project of uv's, what the project does not state came along with something else."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    by_uv(site, "alpha", "beta")
    by_uv(site, "beta")
    (tmp_path / "pyproject.toml").write_text("[project]\ndependencies = ['alpha']")
    assert requested(None, "alpha") == {"alpha": True, "beta": None}
    (tmp_path / "uv.lock").write_text("")
    assert requested(None, "alpha") == {"alpha": True, "beta": False}
    (tmp_path / "pyproject.toml").write_text("not TOML")
    assert requested(None, "alpha") == {"alpha": True, "beta": False}


def test_condas_history(site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Conda's history says what was asked for, and taken back; a package under another name is not known."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    meta = tmp_path / "conda-meta"
    meta.mkdir()
    for name in ("alpha", "beta", "gamma"):
        site.install(name, files={f"{name}.py": ""}, installer="conda")
        (meta / f"{name}-1.0-py311_0.json").write_text("{}")
    site.install("torch", files={"torch.py": ""}, installer="conda")
    (meta / "history").write_text(
        "==> 2024-05-01 10:00:00 <==\n# cmd: conda create -n x alpha\n# conda version: 24.5.0\n"
        "+conda-forge/noarch::alpha-1.0-py311_0\n"
        "# update specs: ['conda-forge::alpha=1.0', \"gamma[version='>=1']\"]\n"
        "==> 2024-05-02 10:00:00 <==\n# remove specs: ['gamma']\n# update specs: [broken\n"
    )
    found = requested(None, "alpha", "beta", "gamma", "torch")
    assert found == {"alpha": True, "beta": False, "gamma": False, "torch": None}
