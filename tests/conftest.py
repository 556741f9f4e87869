"""What tests of several rooms share: the Docker Engine."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "engine"))

from docker_engine import engine  # noqa: F401 - a fixture, for whoever asks for it
