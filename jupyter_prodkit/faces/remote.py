"""A step carried out in another process's kernel: what the CLI sends there, and how the kernel answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec

from jupyter_prodkit.errors import NotebookError, ProdkitError, UsageError
from jupyter_prodkit.progress import Progress, ProgressEvent
from jupyter_prodkit.session.driver import KernelDriver, Message

__all__ = ["Answer", "carry_out_here", "carry_out_there"]

_USAGE = 2  # the documented exit status for wrong usage
_MIME = "application/vnd.jupyter-prodkit.answer+json"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One thing the kernel says: an event of the step's progress, its outcome, or its error."""

    kind: str
    """`stage`, `log`, `outcome` or `error`."""
    text: str = ""
    json: str = ""
    fraction: float | None = None
    hint: str = ""
    exit_code: int = 0
    said: str = ""
    """What else there is to tell, beside `text` and `json`."""
    warnings: tuple[str, ...] = ()


def carry_out_there(driver: KernelDriver, step: str, options: dict[str, Any], progress: Progress) -> Answer:
    """Carry out `step` in the driver's kernel and return its outcome.

    Raises ProdkitError with the message and hint of the step's own error, and CancelledError on a cancel.
    """
    ends: list[Answer] = []

    def listen(message: Message) -> None:
        content = message["content"]
        if message["msg_type"] != "display_data" or _MIME not in content["data"]:
            return
        answer = msgspec.convert(content["data"][_MIME], Answer)
        if answer.kind in {"stage", "log"}:
            progress.listener(ProgressEvent("log" if answer.kind == "log" else "stage", answer.text, answer.fraction))
        else:
            ends.append(answer)

    request = json.dumps({"step": step, "options": options})
    code = f"from jupyter_prodkit.faces.remote import carry_out_here\ncarry_out_here({request!r})\ndel carry_out_here"
    outcome = driver.execute(code, progress, silent=True, listen=listen)
    if not ends:
        raise NotebookError(f"The kernel did not carry out the step: {outcome.error or 'no answer'}.")
    if ends[-1].kind == "error":
        error = UsageError if ends[-1].exit_code == _USAGE else ProdkitError
        raise error(ends[-1].text, ends[-1].hint)
    return ends[-1]


def carry_out_here(request: str) -> None:
    """Carry out the requested step in this kernel and publish answers; runs in the kernel, called by the CLI."""
    from IPython import get_ipython

    shell: Any = get_ipython()

    def say(answer: Answer) -> None:
        shell.display_pub.publish({_MIME: msgspec.to_builtins(answer)})

    try:
        say(_outcome(shell, json.loads(request), say))
    except ProdkitError as error:
        status = _USAGE if isinstance(error, UsageError) else 1
        say(Answer(kind="error", text=error.message, hint=error.hint, exit_code=status))


def _outcome(shell: Any, request: dict[str, Any], say: Callable[[Answer], None]) -> Answer:
    from jupyter_prodkit.faces.arguments import options_from_mapping
    from jupyter_prodkit.faces.display import as_json, as_text
    from jupyter_prodkit.faces.extension import load, session_of
    from jupyter_prodkit.faces.journey import carry_out, gather, step_named
    from jupyter_prodkit.faces.repairing import repair_if_asked

    load(shell)
    session = session_of(shell)
    assert session is not None
    step = step_named(request["step"])
    options = options_from_mapping(step.options, request["options"])
    notebook = session.page(options.notebook)
    progress = Progress(lambda event: say(Answer(kind=event.kind, text=event.message, fraction=event.fraction)))
    result = carry_out(step, gather(notebook, options, session), options, progress)
    said = repair_if_asked(shell, options, result, notebook)
    return Answer(
        kind="outcome",
        text=as_text(result, notebook),
        json=as_json(step, result),
        exit_code=result.exit_code,
        said=said,
        warnings=result.warnings,
    )
