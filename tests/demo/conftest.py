"""The demo's own modules, importable, and the browser tests' Chromium."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS.parent / "binder"))

spec = importlib.util.spec_from_file_location("lab_in_chromium", TESTS / "browser/conftest.py")
assert spec is not None
assert spec.loader is not None
lab_in_chromium = sys.modules["lab_in_chromium"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(lab_in_chromium)
browser = lab_in_chromium.browser
