"""What must be mended before any lock could be right, each with what to do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from jupyter_prodkit.environment.facts import EnvironmentFacts, UnknownImport
from jupyter_prodkit.errors import LockError

__all__ = ["check_lockable"]


def check_lockable(facts: EnvironmentFacts, labels: Mapping[str, str]) -> None:
    """Raise LockError where the kernel and the disk, or the page and what is installed, contradict each other.

    `labels` has how to call each cell, by its id.
    """
    for check in _CHECKS:
        check(facts, labels)


def _in_memory(facts: EnvironmentFacts, _: Mapping[str, str]) -> None:
    changed = [fact for fact in facts.distributions if fact.in_memory]
    if changed:
        held = "; ".join(f"{fact.name} {fact.in_memory} (on disk: {fact.version})" for fact in changed)
        raise LockError(
            f"The kernel still runs a version that has since been replaced: {held}.",
            "Restart the kernel and run the notebook again, then lock.",
        )


def _gone(facts: EnvironmentFacts, _: Mapping[str, str]) -> None:
    if facts.gone:
        raise LockError(
            f"The kernel runs modules whose distribution has been uninstalled since: {', '.join(facts.gone)}.",
            "Install it again, or take its import out; then restart the kernel, run the notebook and lock.",
        )


def _unknown(facts: EnvironmentFacts, labels: Mapping[str, str]) -> None:
    missing = [one for one in facts.unknown if one.cells and not one.optional]
    if missing:
        raise LockError(
            f"Nothing that is installed here provides what the notebook imports: "
            f"{'; '.join(_described(one, labels, facts.stray) for one in missing)}.",
            "Install what is meant and run the cell, or take the import out. What the notebook can do without belongs "
            "into `try: … except ImportError:`; a cell tagged `prodkit:ignore` is left out. No index is asked for a "
            "distribution by a module's name: anyone may have registered it.",
        )


def _described(one: UnknownImport, labels: Mapping[str, str], stray: Collection[str]) -> str:
    said = [", ".join(labels.get(cell, cell) for cell in one.cells)]
    if one.module.partition(".")[0] in stray:
        said.append("there, but no distribution's records name it")
    if one.candidates:
        said.append(f"perhaps {' or '.join(one.candidates)}")
    return f"{one.module} ({', '.join(said)})"


def _broken(facts: EnvironmentFacts, _: Mapping[str, str]) -> None:
    if facts.broken:
        raise LockError(
            f"The installed metadata has no valid version of {', '.join(facts.broken)}.",
            "Install it again, restart the kernel, run the notebook and lock.",
        )


_CHECKS: tuple[Callable[[EnvironmentFacts, Mapping[str, str]], None], ...] = (_in_memory, _gone, _unknown, _broken)
