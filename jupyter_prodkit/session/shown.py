"""What each run showed, seen on its way to the front end; only a digest of it is kept."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from jupyter_prodkit.session.classes import line_of

__all__ = ["RunOutputs", "ShownLog"]

_log = logging.getLogger("jupyter_prodkit")
_LONGEST = 4_000_000
_ARGUMENTS_OF = BaseException.__dict__["args"].__get__
_PLAIN = (str, int, float, bool, type(None))


class RunOutputs:
    """What one run showed: collected while it runs, a digest from when it is asked for, or the next run begins."""

    __slots__ = ("_complete", "_digest", "_lock", "_outputs", "_size", "has_image", "is_empty")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._outputs: list[Mapping[str, Any]] | None = []
        self._size = 0
        self._complete = True
        self._digest: str | None = None
        self.is_empty = True
        self.has_image = False

    def add(self, output: Mapping[str, Any]) -> None:
        """Note one output in nbformat's shape."""
        with self._lock:
            if self._outputs is None:  # too late: it was settled
                self._complete, self._digest = False, None
                return
            data = output.get("data", {})
            self._size += len(output.get("text", "")) + sum(len(part) for part in data.values() if type(part) is str)
            if self._size > _LONGEST:
                self._complete, self._outputs = False, []
                return
            self.is_empty = False
            self.has_image = self.has_image or any(mime.startswith("image/") for mime in data)
            self._outputs.append(output)

    def clear(self) -> None:
        """Forget what was shown so far."""
        with self._lock:
            if self._outputs is not None:
                self._outputs, self.is_empty, self.has_image = [], True, False

    def miss(self) -> None:
        """Take it that something was shown that we can't tell."""
        self._complete = self.is_empty = False

    @property
    def digest(self) -> str | None:
        """Digest of the outputs, noise normalised away; None where they were not all seen."""
        with self._lock:
            if self._outputs is not None:
                from jupyter_prodkit.notebook.outputs import shown_digest  # when first needed: it compiles patterns

                outputs, self._outputs = self._outputs, None
                self._digest = shown_digest(outputs) if self._complete else None
            return self._digest if self._complete else None


class ShownLog:
    """Listens where ipykernel publishes outputs, and keeps those of each request apart."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._runs: dict[str, RunOutputs] = {}
        self._last: RunOutputs | None = None
        self._complete = False
        self._hooked: list[Any] = []

    def start(self) -> None:
        """Begin to listen; where this shell is no kernel's, nothing is seen and every run's outputs are unknown."""
        with suppress(Exception):  # another kernel than ipykernel, or another version than we know
            streams = [stream for stream in (sys.stdout,) if hasattr(stream, "pub_thread")]
            for hooked in (self._shell.display_pub, self._shell.displayhook):
                hooked.register_hook(self._see)
                self._hooked.append(hooked)
            for stream in streams:  # the hooks of a stream belong to the thread that sends
                stream.pub_thread.schedule(lambda stream=stream: stream.register_hook(self._see))
                self._hooked.append(stream)
            self._complete = bool(streams)

    def stop(self) -> None:
        """Listen no more."""
        for hooked in self._hooked:
            with suppress(Exception):
                if hasattr(hooked, "pub_thread"):
                    hooked.pub_thread.schedule(lambda hooked=hooked: hooked.unregister_hook(self._see))
                else:
                    hooked.unregister_hook(self._see)
        self._hooked.clear()

    def begin(self) -> RunOutputs | None:
        """Return where the outputs of the request that is being answered will be collected; None if they can't be."""
        if not self._complete:
            return None
        request = self._request()
        if request is None:
            return None
        if request in self._runs and self._runs[request] is self._last:  # a cell that runs a cell
            return self._last
        last, self._last = self._last, RunOutputs()
        if last is not None:
            self._runs = {key: one for key, one in self._runs.items() if one is last}
        if last is not None and not last.is_empty:  # to wake the thread that sends takes time
            with suppress(Exception):
                getattr(sys.stdout, "pub_thread").schedule(lambda: last.digest)  # noqa: B009 - no stream of Python's own has it
        self._runs[request] = self._last
        return self._last

    def _request(self) -> str | None:
        header = self._shell.display_pub.parent_header
        identity = header.get("msg_id") or header.get("header", {}).get("msg_id")
        return identity if isinstance(identity, str) else None

    def _see(self, message: Any) -> Any:
        try:
            self._note(message)
        except Exception:  # noqa: BLE001 - what the user shows must get through
            _log.debug("could not note an output", exc_info=True)
        return message

    def _note(self, message: Any) -> None:
        run = self._runs.get(message.get("parent_header", {}).get("msg_id", ""))
        if run is None:
            return
        kind, content = message["header"]["msg_type"], message["content"]
        if kind == "clear_output":
            run.clear()
        elif kind == "stream":
            run.add({"output_type": "stream", "name": content["name"], "text": content["text"]})
        elif kind in {"display_data", "execute_result"}:
            run.add({"output_type": kind, "data": content["data"], "metadata": content.get("metadata", {})})
        elif kind == "update_display_data":
            run.miss()

    def end(self, run: RunOutputs | None, error: BaseException | None) -> None:
        """Note the error that a run ended with, as the front end shows it."""
        if run is None or error is None:
            return
        said = _message_of(error)
        if said is None:
            run.miss()
        else:
            run.add({"output_type": "error", "ename": type(error).__name__, "evalue": said, "traceback": []})


def _message_of(error: BaseException) -> str | None:
    """What an error says, if no code of the user's is needed to know."""
    for base in line_of(type(error)):
        own = type.__dict__["__dict__"].__get__(base).get("__str__")
        if own is not None:
            written_in_c = type(own).__name__ == "wrapper_descriptor"
            break
    plain = all(any(type(one) is kind for kind in _PLAIN) for one in _ARGUMENTS_OF(error))
    return str(error) if written_in_c and plain else None
