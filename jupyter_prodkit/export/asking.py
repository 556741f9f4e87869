"""What an export asks before it does anything: code nobody marked, edits that would be lost, effects outside."""

from __future__ import annotations

from collections.abc import Mapping

from jupyter_prodkit.check.formats.wording import counted
from jupyter_prodkit.export.merging import edited_files
from jupyter_prodkit.export.options import ExportOptions
from jupyter_prodkit.export.round_trip import Homecoming
from jupyter_prodkit.export.selection import Selection
from jupyter_prodkit.step import Inputs, Plan

__all__ = ["otherwise", "question"]

_EFFECTS = (
    "--allow-effects lets the proof do that; --yes goes on without, and what it is kept from is then not known; "
    "--no-verify leaves the proof out."
)


def question(
    inputs: Inputs,
    options: ExportOptions,
    selection: Selection,
    home: Homecoming | None,
    effects: Mapping[str, tuple[str, ...]],
) -> str | None:
    """Return what the user should say yes to first, None where the export may just run."""
    if options.check or options.preview:
        return None
    if home is not None:
        count = len(home.sources)
        cells = counted(count, "changed cell")
        return f"Write {cells} to {inputs.notebook.path.name}?" if count else None
    edited = edited_files(inputs.project.package) if options.overwrite else ()
    lost = f"Edits of {', '.join(edited[:5])} will be lost. Go on?" if edited else None
    needed = None if options.with_needed else _needed_question(selection)
    return " ".join(one for one in (needed, lost, _effects_question(effects)) if one) or None


def otherwise(options: ExportOptions, selection: Selection, effects: Mapping[str, tuple[str, ...]]) -> str:
    """Return what to do where nobody can be asked the question."""
    needed = bool(selection.along) and not (options.with_needed or options.update_notebook)
    if not needed:
        return _EFFECTS if effects else Plan.otherwise
    return f"--with-needed takes it along; {_EFFECTS if effects else '--yes says yes to all that is asked.'}"


def _effects_question(effects: Mapping[str, tuple[str, ...]]) -> str | None:
    """Ask before the proof does again what cells have done to the world outside."""
    if not effects:
        return None
    shown = "; ".join(f"{label} would {', '.join(does[:3])}" for label, does in effects.items())
    return f"The proof runs the notebook twice and the package once: {shown}. Let them?"


def _needed_question(selection: Selection) -> str | None:
    """Ask before code that nobody marked is taken along."""
    if not selection.along:
        return None
    cells: dict[str, list[str]] = {}
    for one in selection.taken:
        cells.setdefault(one.cell.label, []).append(one.line)
    shown = [f"{label}: {', '.join(f'`{line}`' for line in lines[:3])}" for label, lines in cells.items()]
    shown += [f"`{one.line}`, which no cell makes: {one.why}" for one in selection.offered]
    return f"The marked cells need what nobody marked ({'; '.join(shown)}). Take it along?"
