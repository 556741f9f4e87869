"""What a cell shows, put together from a kernel's messages as a front end would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["Display", "ShownCell"]

Output = dict[str, Any]

_MOST_CHARACTERS = 30_000_000
_MIMES_OF_TEXT = ("text/", "application/json", "application/vnd.", "image/svg+xml", "application/javascript")


class Display:
    """What all cells of one run show: a cell may update what another displayed."""

    def __init__(self, renamed: Mapping[str, str]) -> None:
        """`renamed` gives for folders of the run what a run in the notebook's own folder would have said."""
        self._renamed = sorted(renamed.items(), key=lambda pair: -len(pair[0]))
        self._by_id: dict[str, list[Output]] = {}

    def remember(self, output: Output, identity: object) -> None:
        """Take note that `output` can be updated by that id."""
        if isinstance(identity, str):
            self._by_id.setdefault(identity, []).append(output)

    def update(self, content: Mapping[str, Any]) -> None:
        """Change what was displayed under the message's id, in whichever cell."""
        identity = content.get("transient", {}).get("display_id")
        for output in self._by_id.get(identity, ()):
            output["data"] = self.at_home(content["data"])
            output["metadata"] = content.get("metadata", {})

    def at_home(self, content: Any) -> Any:
        """Return `content` with the run's folders named as they are outside it."""
        if isinstance(content, str):
            for there, here in self._renamed:
                if there in content:
                    content = content.replace(there, here)
            return content
        if isinstance(content, dict):
            return {key: self.at_home(part) if _is_text(key) else part for key, part in content.items()}
        return [self.at_home(part) for part in content] if isinstance(content, list) else content


class ShownCell:
    """Collects the outputs of one cell."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._outputs: list[Output] = []
        self._clear_before_next = False
        self._characters = 0

    def outputs(self) -> list[Output]:
        """Return what is shown, in nbformat's shape, once the cell has ended."""
        for output in self._outputs:
            for part in ("text", "evalue", "traceback"):
                if part in output:
                    output[part] = self._display.at_home(output[part])
        return self._outputs

    def take(self, message: Mapping[str, Any]) -> None:
        """Take account of one message that the kernel published for the cell."""
        kind, content = message["msg_type"], message["content"]
        if kind == "clear_output":
            if content.get("wait"):
                self._clear_before_next = True
            else:
                self._outputs = []
        elif kind == "update_display_data":
            self._display.update(content)
        elif kind in {"stream", "display_data", "execute_result", "error"}:
            if self._clear_before_next:
                self._outputs, self._clear_before_next = [], False
            self._add(kind, content)

    def _add(self, kind: str, content: Mapping[str, Any]) -> None:
        if kind == "stream":
            self._print(content["name"], content["text"])
        elif kind == "error":
            self._outputs.append(
                {"output_type": kind, **{key: content[key] for key in ("ename", "evalue", "traceback")}}
            )
        else:
            output: Output = {
                "output_type": kind,
                "data": self._display.at_home(content["data"]),
                "metadata": content.get("metadata", {}),
            }
            if kind == "execute_result":
                output["execution_count"] = content.get("execution_count")
            self._outputs.append(output)
            self._display.remember(output, content.get("transient", {}).get("display_id"))

    def _print(self, name: str, text: str) -> None:
        self._characters += len(text)
        if self._characters > _MOST_CHARACTERS:  # a loop that prints without end: nobody will compare that
            return
        last = self._outputs[-1] if self._outputs else {}
        if last.get("output_type") == "stream" and last["name"] == name:
            last["text"] += text
        else:
            self._outputs.append({"output_type": "stream", "name": name, "text": text})


def _is_text(key: object) -> bool:
    """Whether what stands under a key of a bundle may name a folder; an image is no text, though it is sent as one."""
    return not isinstance(key, str) or "/" not in key or key.startswith(_MIMES_OF_TEXT)
