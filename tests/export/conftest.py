"""What the tests of the export share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent)]

from pages import write_lock

from jupyter_prodkit.release import ProjectFolder


@pytest.fixture
def project(tmp_path: Path) -> ProjectFolder:
    """A project folder with a lock."""
    project = ProjectFolder(tmp_path / "flowers-prod")
    write_lock(project.lock)
    return project
