"""A site-packages folder made by hand: any distribution, installed in a millisecond."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest


class Site:
    """Stands in for the environment: what it holds is all that is installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)

    def install(
        self,
        name: str,
        version: str = "1.0",
        files: Mapping[str, str] | None = None,
        *,
        requires: Sequence[str] = (),
        direct_url: Mapping[str, Any] | None = None,
        record: bool = True,
        installer: str = "pip",
        top_level: str = "",
        written_at: float | None = None,
    ) -> Path:
        """Write the files and the metadata folder as an installer would and return that folder."""
        info = self.folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        headers = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {line}" for line in requires)]
        texts = {"METADATA": "\n".join(["Metadata-Version: 2.1", *headers, "", "Version: 0 says the description"])}
        texts |= {"INSTALLER": f"{installer}\n", "top_level.txt": top_level}
        if direct_url is not None:
            texts["direct_url.json"] = json.dumps(direct_url)
        for path, text in (files or {}).items():
            target = self.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        if record:
            texts["RECORD"] = "".join(f"{path},sha256=x,1\n" for path in (files or {}))
        for file, text in texts.items():
            (info / file).write_text(text)
        if written_at is not None:
            for path in (*info.iterdir(), info):
                os.utime(path, (written_at, written_at))
        return info

    def file(self, path: str) -> str:
        return str(self.folder / path)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    made = Site(tmp_path / "env" / "site-packages")
    monkeypatch.setattr(sys, "path", [*(entry for entry in sys.path if "site-packages" not in entry), str(made.folder)])
    return made
