"""The fixture `engine`: a Docker Engine that answers, for tests marked with `pytest.mark.engine`."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("engine.sh")


@pytest.fixture(scope="session")
def engine() -> Iterator[str]:
    """Yield the DOCKER_HOST of an engine, set in the environment; started by engine.sh where none answers.

    It is left running, so that the next session has it at once: `bash tests/engine/engine.sh down` ends it.
    Skips only where the script can't work: not Debian, or not root, and no engine there.
    """
    started = subprocess.run(
        ["bash", SCRIPT, "up"], stdin=subprocess.DEVNULL, check=False, capture_output=True, text=True
    )
    if started.returncode and (os.geteuid() != 0 or not shutil.which("apt-get")):
        pytest.skip(f"no Docker engine, and none can be installed here: {started.stderr[-500:]}")
    assert started.returncode == 0, started.stderr
    host = started.stdout.strip().removeprefix("export DOCKER_HOST=")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", host)
        yield host
