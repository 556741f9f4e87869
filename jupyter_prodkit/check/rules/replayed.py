"""Rules on what really running the page has shown, and no record explains."""

from __future__ import annotations

from collections.abc import Iterator

from jupyter_prodkit.check.evidence import Evidence
from jupyter_prodkit.check.report import Finding
from jupyter_prodkit.check.rules.wording import values

__all__ = ["gives_another"]


def gives_another(evidence: Evidence) -> Iterator[Finding]:
    """A cell that was really run from a clean start gave something else than is shown or held."""
    for judged in evidence.clean.cells:
        explained = judged.missing or judged.mismatches or judged.edited or judged.changed_since
        if not judged.is_replayed or judged.state not in {"diverges", "failed"} or explained:
            continue
        said = [values(judged.differing)] if judged.differing else []
        if judged.shows_otherwise:
            said.append("It shows something else.")
        if judged.state == "failed":
            said.append("It raises an error that the page does not show.")
        yield Finding(
            rule="hidden-state/gives-another",
            severity="blocker",
            cell_id=judged.cell.cell_id,
            names=tuple(name for name, _, _ in judged.differing),
            message="Run from a clean start, it gives something else",
            because=" ".join(said) or "It ends otherwise.",
            fix="Run the cells of the plan, in their order.",
        )
