"""Lets tests import the benchmarks, and the harness where it lies beside this checkout."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
sys.path.append(str(ROOT.parent / "shared" / "hsbench"))
