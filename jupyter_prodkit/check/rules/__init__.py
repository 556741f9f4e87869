"""The rules: each one function from what is known to findings, collected in `RULES`."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from jupyter_prodkit.check.evidence import Evidence
from jupyter_prodkit.check.report import Finding
from jupyter_prodkit.check.rules import (
    clock,
    environment,
    hash_order,
    inputs,
    leakage,
    leftovers,
    missing,
    outdated,
    page,
    paths,
    randomness,
    replayed,
    robustness,
    secrets,
    skew,
    structure,
)
from jupyter_prodkit.check.rules.calls import calls_in
from jupyter_prodkit.check.rules.clock import clock_readings
from jupyter_prodkit.check.rules.file_reads import texts_of
from jupyter_prodkit.check.rules.robustness import handlers_in
from jupyter_prodkit.check.rules.secret_texts import named_secrets
from jupyter_prodkit.notebook.document import Notebook

__all__ = ["RULES", "Rule", "look_at_cells"]

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
    inputs.changed_around,
    replayed.gives_another,
    leftovers.changed_elsewhere,
    leftovers.orphans,
    randomness.unseeded,
    randomness.entropy,
    clock.clock,
    hash_order.hash_order,
    secrets.key,
    secrets.url,
    secrets.password,
    paths.absolute,
    paths.missing,
    skew.features_outside,
    leakage.target_in_features,
    leakage.test_rows_in_fit,
    leakage.fit_before_split,
    structure.magic_in_marked_cell,
    structure.mark_below_magic,
    structure.late_import,
    robustness.swallowed_error,
    robustness.bare_except,
    robustness.no_timeout,
    environment.module_edited,
    environment.package_changed,
    environment.install_in_cell,
    environment.not_installed,
    environment.lock_drift,
)

_LOOKS: tuple[Callable[[str], object], ...] = (calls_in, texts_of, clock_readings, named_secrets, handlers_in)


def look_at_cells(notebook: Notebook) -> None:
    """Have all that the rules take from a cell's text ready, cell by cell, so that each new one is parsed once.

    The rules ask for it again, one rule after the other; by then what they look at is remembered.
    """
    for cell in notebook.code_cells:
        for look in _LOOKS:
            look(cell.source)
