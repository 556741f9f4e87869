"""The live kernel as a step sees it: what ran, what is loaded, and the user's objects, on the main thread only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeVar

from jupyter_prodkit.session.record import Glimpse, Timeline

__all__ = ["LiveKernel"]

T = TypeVar("T")


class LiveKernel(Protocol):
    """What a step may ask of the kernel it runs in."""

    @property
    def namespace(self) -> Mapping[str, Any]:
        """The user's names; read it only inside `on_main_thread`."""

    @property
    def timeline(self) -> Timeline:
        """What has run, as an immutable snapshot."""

    def look_closely(self, names: Iterable[str]) -> Mapping[str, Glimpse]:
        """Return what the user's `names` hold, however long the look takes; between cells."""

    def user_modules(self) -> Mapping[str, str | None]:
        """Return each module that the user's code loaded (not the kernel itself, not we) and the file it came from."""

    def imported_names(self) -> frozenset[str]:
        """Return the top-level modules that the executed cells' own text imports, loaded by them or not."""

    def edited_modules(self) -> tuple[str, ...]:
        """Return the user's own modules that the kernel holds otherwise than their files are now."""

    def on_main_thread(self, function: Callable[[], T]) -> T:
        """Call `function` between the user's cells and return what it returns, or raise what it raises."""
