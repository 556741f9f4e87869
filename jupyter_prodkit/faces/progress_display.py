"""A step's progress where the user looks: a widget in a notebook, lines of text elsewhere."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from jupyter_prodkit.progress import Progress, ProgressEvent

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["printed_progress", "shown_progress"]

_LONGEST_LINE = 110


@contextmanager
def shown_progress(shell: InteractiveShell, title: str, *, quiet: bool) -> Iterator[Progress]:
    """Yield a progress that is shown while the block runs, and taken away at its end."""
    if quiet:
        yield Progress()
    elif getattr(shell, "kernel", None) is not None and importlib.util.find_spec("ipywidgets") is not None:
        display = _WidgetProgress(title)
        try:
            yield Progress(display.show)
        finally:
            display.close()
    else:
        yield Progress(_print)


def printed_progress(*, quiet: bool) -> Progress:
    """Return a progress whose every event is a line for whoever sits at the terminal."""
    return Progress() if quiet else Progress(_print_all)


def _print_all(event: ProgressEvent) -> None:
    mark = "·" if event.kind == "stage" else "   "
    print(f"{mark} {event.message}", file=sys.stderr, flush=True)  # noqa: T201 - this is the edge that prints


def _print(event: ProgressEvent) -> None:
    if event.kind == "stage":
        print(f"· {event.message}", file=sys.stderr, flush=True)  # noqa: T201 - this is the edge that prints


class _WidgetProgress:
    """A bar and two lines of text; front ends without widgets show its text, which is kept up to date as well."""

    def __init__(self, title: str) -> None:
        import ipywidgets
        from IPython.display import display

        self._title = title
        self._bar = ipywidgets.IntProgress(value=0, max=1000, layout={"width": "16em"})
        self._stage = ipywidgets.Label(title)
        self._line = ipywidgets.Label("", style={"text_color": "var(--jp-ui-font-color2)", "font_family": "monospace"})
        self._box = ipywidgets.VBox([ipywidgets.HBox([self._bar, self._stage]), self._line])
        self._widgets = [self._bar, self._stage, self._line, self._box]
        self._handle: Any = display(self._bundle(title), raw=True, display_id=True)  # type: ignore[no-untyped-call]

    def show(self, event: ProgressEvent) -> None:
        """Show one event."""
        if event.kind == "log":
            self._line.value = event.message[:_LONGEST_LINE]
            return
        self._stage.value = event.message
        self._line.value = ""
        if event.fraction is not None:
            self._bar.value = round(1000 * event.fraction)
        self._handle.update(self._bundle(event.message), raw=True)

    def close(self) -> None:
        """Leave nothing behind: a saved notebook can't show a widget whose kernel is gone."""
        self._handle.update({"text/plain": "", "text/html": ""}, raw=True)
        for widget in self._widgets:
            widget.close()

    def _bundle(self, text: str) -> dict[str, Any]:
        view = self._box._repr_mimebundle_()
        return {**view, "text/plain": f"{self._title}: {text}"}
