"""The rules: each one function from what is known to findings, collected in `RULES`."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from jupyter_prodkit.check.evidence import Evidence
from jupyter_prodkit.check.report import Finding
from jupyter_prodkit.check.rules import hidden_state, paths, randomness

__all__ = ["RULES", "Rule"]

Rule = Callable[[Evidence], Iterable[Finding]]

RULES: tuple[Rule, ...] = (
    hidden_state.undefined_name,
    hidden_state.never_run,
    hidden_state.edited_since_run,
    hidden_state.run_twice,
    hidden_state.deleted_cell,
    hidden_state.out_of_order,
    hidden_state.before_defined,
    hidden_state.stale_input,
    hidden_state.interrupted,
    hidden_state.unknown_origin,
    hidden_state.orphans,
    randomness.unseeded,
    paths.absolute,
)
