"""An import that a cell's text holds, as a value."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CellImport", "TextImport"]


@dataclass(frozen=True, slots=True)
class TextImport:
    """One module that a text imports."""

    module: str
    """With its dots: `google.cloud` of `from google.cloud import storage`."""
    names: tuple[str, ...] = ()
    """What is taken from it: submodules or attributes, which text alone can't tell apart."""
    optional: bool = False
    """Whether the text says what to do without it (`try: … except ImportError:`, `if sys.version_info …`), or an
    extension of IPython's."""

    @property
    def top(self) -> str:
        """The top-level module."""
        return self.module.partition(".")[0]


@dataclass(frozen=True, slots=True)
class CellImport:
    """An import, and the cell whose text has it."""

    cell_id: str
    what: TextImport
