"""Findings as GitHub's workflow commands, which show them beside the changed lines of a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from jupyter_prodkit.check.formats.outcome import Checked, NotChecked, Outcome
from jupyter_prodkit.check.formats.wording import cell_name
from jupyter_prodkit.check.report import Severity
from jupyter_prodkit.check.step import sentence

__all__ = ["github_lines"]

_COMMANDS: dict[Severity, str] = {"blocker": "error", "warning": "warning", "note": "notice"}


def github_lines(outcome: Outcome) -> str:
    """Return one line per finding, then the verdict as a line of its own, which GitHub only prints."""
    return "\n".join(_lines(outcome))


def _lines(outcome: Outcome) -> Iterator[str]:
    if isinstance(outcome, NotChecked):
        yield _command("error", outcome.place, 1, "Not checked", f"{outcome.message}\n{outcome.hint}".strip())
        return
    for finding in outcome.report.findings:
        cell = f"{cell_name(outcome.notebook, finding.cell_id)}: " if finding.cell_id else ""
        text = "\n".join(part for part in (f"{cell}{finding.message}", finding.because, finding.fix) if part)
        line = outcome.line(finding.cell_id)
        yield _command(_COMMANDS[finding.severity], outcome.place, line, f"prodkit {finding.rule}", text)
    # The mark keeps a file's name from being read as a command.
    yield f"· {_data(outcome.place)}: {_data(_verdict(outcome))}"


def _verdict(outcome: Checked) -> str:
    return sentence(outcome.report)


def _command(name: str, place: str, line: int, title: str, text: str) -> str:
    file = place.replace("\\", "/")
    return f"::{name} file={_property(file)},line={line},title={_property(title)}::{_data(text)}"


def _data(text: str) -> str:
    """Return `text` with what ends a command's line encoded."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Return `text` with what ends a property encoded, too."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
