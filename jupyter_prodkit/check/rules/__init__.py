"""The rules: each one function from what is known to findings, collected in `RULES`."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from jupyter_prodkit.check.evidence import Evidence
from jupyter_prodkit.check.report import Finding
from jupyter_prodkit.check.rules import inputs, leftovers, missing, outdated, page, paths, randomness

__all__ = ["RULES", "Rule"]

Rule = Callable[[Evidence], Iterable[Finding]]

RULES: tuple[Rule, ...] = (
    page.syntax_error,
    page.file_behind,
    missing.undefined_name,
    outdated.never_run,
    outdated.edited_since_run,
    outdated.interrupted,
    outdated.not_seen,
    inputs.run_twice,
    inputs.deleted_cell,
    inputs.out_of_order,
    inputs.before_defined,
    inputs.stale_input,
    inputs.unknown_origin,
    leftovers.changed_elsewhere,
    leftovers.orphans,
    randomness.unseeded,
    paths.absolute,
)
