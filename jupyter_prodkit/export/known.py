"""What the last proof found out, so that the same notebook gives the same package without running it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_prodkit.export.closure import Width
from jupyter_prodkit.export.merging import BASE
from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.release import StepRecord

__all__ = ["Known"]

Key = tuple[str, str]


@dataclass(frozen=True)
class Known:
    """Types, golden values and the slice that a proof found, where the code is the same since."""

    types: Mapping[Key, str] = field(default_factory=dict)
    golden: Mapping[Key, Any] = field(default_factory=dict)
    width: Width = Width.LIKELY

    @classmethod
    def of(cls, done: StepRecord | None, notebook: Notebook | None, folder: Path) -> Known:
        """Return what the last export's record and folder hold; nothing where the notebook's code is another.

        Without a notebook it is what they hold, whatever the code is now.
        """
        is_of_it = done is not None and (notebook is None or done.notebook_digest == notebook.code_digest)
        known = done.facts.get("known") if done is not None and is_of_it else None
        if not isinstance(known, dict):
            return cls()
        try:
            text = (folder / BASE / "tests" / "golden.json").read_text("utf-8")
            golden = {_key(name): value for name, value in json.loads(text).items()}
        except (OSError, ValueError):
            golden = {}
        types = {_key(name): str(kind) for name, kind in (known.get("types") or {}).items()}
        names = {width.name.lower(): width for width in Width}
        return cls(types, golden, names.get(str(known.get("width")), Width.LIKELY))

    def recorded(self) -> dict[str, Any]:
        """Return what `of` needs of it; the golden values stand in the package."""
        types = {f"{step}: {name}": kind for (step, name), kind in sorted(self.types.items())}
        return {"types": types, "width": self.width.name.lower()}


def _key(name: str) -> Key:
    step, _, value = name.partition(": ")
    return step, value
