"""Which installation counts where `sys.path` holds a distribution more than once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from jupyter_prodkit.environment.installed import Installed

__all__ = ["settled"]


def settled(
    everything: Mapping[str, Sequence[Installed]], loaded: Collection[str]
) -> tuple[dict[str, Installed], dict[str, str]]:
    """Return the installation of each name that counts, and a sentence on each name that has several.

    The one whose files are `loaded` (absolute paths) counts; where none is, the one that an import would find.
    """
    chosen: dict[str, Installed] = {}
    said: dict[str, str] = {}
    for name, several in everything.items():
        chosen[name] = several[0]
        if len(several) > 1:
            chosen[name] = _used(several, loaded)
            others = sorted({one.version or "no version" for one in several if one is not chosen[name]})
            place = "in one folder" if len({one.base for one in several}) == 1 else "in several folders of sys.path"
            said[name] = (
                f"{name} is installed more than once {place}: {chosen[name].version} is the one that counts, "
                f"beside {', '.join(others)}."
            )
    return chosen, said


def _used(several: Sequence[Installed], loaded: Collection[str]) -> Installed:
    used = [one for one in several if any(str(one.base / path) in loaded for path in one.record)]
    if not used or len({one.base for one in used}) > 1:
        return several[0]
    return max(used, key=lambda one: one.written_at)  # an upgrade that left the old metadata behind
