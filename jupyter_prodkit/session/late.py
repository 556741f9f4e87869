"""What a run has changed and was seen only later, as there was no time to look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from jupyter_prodkit.session.record import Glimpse, Timeline
from jupyter_prodkit.session.stated import valued

__all__ = ["entered_late"]


def entered_late(timeline: Timeline, late: Mapping[str, Glimpse]) -> Timeline:
    """Return the timeline with each value of `late`, which has a digest, entered at the run that must have changed it.

    Of several that may have, at the end of the last it was as it is now.
    """
    runs = list(timeline.executions)
    versions = {name: valued((seen.digest or "") + seen.hidden) for name, seen in late.items()}
    for name, seen in late.items():
        place = next((place for place in reversed(range(len(runs))) if name in runs[place].unlooked), len(runs) - 1)
        run = runs[place]
        runs[place] = replace(
            run,
            outputs={**run.outputs, name: versions[name]},
            after={**run.after, name: seen},
            mutated={name: frozenset(), **run.mutated},
            unlooked=run.unlooked - {name},
        )
    return replace(timeline, executions=tuple(runs), live={**timeline.live, **versions})
