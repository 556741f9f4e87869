"""Building an image: the context goes out, the builder's words come back as progress, and a cancel ends it."""

from __future__ import annotations

import re
import textwrap
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from jupyter_prodkit.build.engine import Engine
from jupyter_prodkit.errors import BuildError
from jupyter_prodkit.progress import Progress

__all__ = ["BuildLog", "Recipe", "build_image"]

_POLL_SECONDS = 0.1
_KEPT_LINES = 25
_STEP = re.compile(r"Step (\d+)/(\d+) : ")
_CHATTER = re.compile(r" ---> |Removing intermediate container |Successfully built ")
_SHOWN = 100
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass
class BuildLog:
    """What the builder has said so far."""

    progress: Progress
    share: float = 1.0
    """The share of the whole step that the build is."""
    instruction: str = "the first step"
    image: str | None = None
    _tail: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT_LINES))
    _unfinished: str = ""

    def take(self, item: Mapping[str, Any]) -> None:
        """Pass on one item of the engine's stream. Raises BuildError for a failed instruction, CancelledError."""
        if "error" in item:
            raise self._failure(str(item["error"]))
        if "ID" in (item.get("aux") or {}):
            self.image = item["aux"]["ID"]
        if "stream" in item:
            *lines, self._unfinished = (self._unfinished + item["stream"]).split("\n")
            for line in lines:
                self._line(_COLOUR.sub("", line).rstrip())
        elif "status" in item and not item.get("progressDetail"):
            self._line(" ".join(filter(None, (item.get("id"), item["status"]))))

    def _line(self, line: str) -> None:
        step = _STEP.match(line)
        if step is not None:
            self.instruction = " ".join(line[step.end() :].split())
            self._tail.clear()
            shown = textwrap.shorten(f"{step[0]}{self.instruction}", _SHOWN, placeholder=" …")
            self.progress.stage(shown, self.share * (int(step[1]) - 1) / int(step[2]))
        elif line and not _CHATTER.match(line):
            self._tail.append(line)
            self.progress.log(line)

    def _failure(self, error: str) -> BuildError:
        said = [line for line in (*self._tail, _COLOUR.sub("", self._unfinished).strip()) if line]
        last = "\n".join(f"  {line}" for line in said[-10:])
        return BuildError(
            f"The image was not built. {self.instruction} failed:\n{last or '  ' + error}",
            f"The engine says: {error}" if last else "",
        )


@dataclass(frozen=True)
class Recipe:
    """What an image is built from."""

    context: Iterator[bytes]
    """A tar, in pieces."""
    arguments: Mapping[str, str] = field(default_factory=dict)
    no_cache: bool = False


def build_image(engine: Engine, recipe: Recipe, progress: Progress, *, share: float = 1.0) -> str:
    """Build an image and return its digest; it has no tag yet. `share` is that of the build in the whole step.

    Raises BuildError naming the instruction that failed and its last lines, CancelledError within a moment of a
    cancel, and passes KeyboardInterrupt on; no image is left then, only layers that the next build can use.
    """
    log = BuildLog(progress, share)
    with _ended_on_cancel(engine, progress), engine.asked_to("build the image"):
        stream = engine.api.build(
            fileobj=_watched(recipe.context, progress),
            custom_context=True,
            decode=True,
            rm=True,
            forcerm=True,
            nocache=recipe.no_cache,
            buildargs=dict(recipe.arguments),
            timeout=None,  # a RUN may be silent for as long as it likes
        )
        for item in stream:
            log.take(item)
    if log.image is None:
        progress.raise_if_cancelled()
        raise BuildError("The Docker engine ended the build without an image.", "Its own log may say why.")
    return log.image


def _watched(context: Iterator[bytes], progress: Progress) -> Iterator[bytes]:
    for chunk in context:
        progress.raise_if_cancelled()
        yield chunk


@contextmanager
def _ended_on_cancel(engine: Engine, progress: Progress) -> Iterator[None]:
    """Hang up on the engine when the user cancels, or the block raises: that is what makes it stop building."""
    answers: list[Any] = []
    over = threading.Event()

    def keep(answer: Any, *_: Any, **__: Any) -> None:
        answers.append(answer)

    def watch() -> None:
        while not over.wait(_POLL_SECONDS):
            if progress.cancelled and answers:
                with suppress(AttributeError, OSError, RuntimeError, ValueError):  # before urllib3 2.3, or at its end
                    answers[-1].raw.shutdown()  # wakes the thread that reads, which closing would not
                return

    watcher = threading.Thread(target=watch, daemon=True)
    engine.api.hooks["response"].append(keep)
    watcher.start()
    try:
        yield
    except Exception:
        progress.raise_if_cancelled()  # then the error is only that of a connection cut off
        raise
    finally:
        over.set()
        watcher.join()
        engine.api.hooks["response"].remove(keep)
        for answer in answers:
            answer.close()
