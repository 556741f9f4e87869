"""Findings as SARIF 2.1.0, which code hosts and editors read (OASIS, Static Analysis Results Interchange Format)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_prodkit.check.formats.json_text import json_text
from jupyter_prodkit.check.formats.outcome import Checked, NotChecked, Outcome, uri_of
from jupyter_prodkit.check.formats.wording import cell_name
from jupyter_prodkit.check.report import Finding, Severity
from jupyter_prodkit.check.rules.catalogue import CATALOGUE, RuleInfo

__all__ = ["SCHEMA", "sarif_log"]

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Mapping[Severity, str] = {"blocker": "error", "warning": "warning", "note": "note"}
_BASE = "%SRCROOT%"
_Json = dict[str, Any]


def sarif_log(outcomes: Sequence[Outcome]) -> str:
    """Return one log with one run: each finding as a result, each notebook that was not checked as a notification."""
    checked = [outcome for outcome in outcomes if isinstance(outcome, Checked)]
    failed = [outcome for outcome in outcomes if isinstance(outcome, NotChecked)]
    rules = sorted({finding.rule for outcome in checked for finding in outcome.report.findings} | set(CATALOGUE))
    places = {rule: place for place, rule in enumerate(rules)}
    run = {
        "tool": {"driver": _driver(rules)},
        "invocations": [
            {
                "executionSuccessful": not failed,
                "toolExecutionNotifications": [_notification(outcome) for outcome in failed],
            }
        ],
        "originalUriBaseIds": {_BASE: {"description": {"text": "The folder in which the check was called."}}},
        "results": [
            _result(finding, outcome, places[finding.rule])
            for outcome in checked
            for finding in outcome.report.findings
        ],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json_text(log, indent=2)


def _driver(rules: Sequence[str]) -> _Json:
    from jupyter_prodkit import __version__

    descriptors = [_rule(rule, CATALOGUE.get(rule)) for rule in rules]
    return {"name": "jupyter-prodkit", "version": __version__, "rules": descriptors}


def _rule(rule: str, known: RuleInfo | None) -> _Json:
    """Return how a log describes a rule; one that the catalogue lacks is told by its id alone."""
    if known is None:
        return {"id": rule}
    return {
        "id": rule,
        "shortDescription": {"text": known.summary},
        "help": {"text": f"{known.summary} See {known.page} in jupyter-prodkit's documentation."},
        "defaultConfiguration": {"level": _LEVELS[known.severity]},
    }


def _result(finding: Finding, outcome: Checked, rule: int) -> _Json:
    text = " ".join(part for part in (_ended(finding.message), _ended(finding.because), finding.fix) if part)
    return {
        "ruleId": finding.rule,
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [_location(finding, outcome)],
        "partialFingerprints": {"prodkitFinding/v1": _fingerprint(finding, outcome.place)},
        "properties": {"cell_id": finding.cell_id, "names": list(finding.names)},
    }


def _ended(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def _location(finding: Finding, outcome: Checked) -> _Json:
    physical = {**_artifact(outcome.place), "region": {"startLine": outcome.line(finding.cell_id)}}
    cell = outcome.notebook.cell(finding.cell_id or "")
    if cell is None:
        return {"physicalLocation": physical}
    name = cell_name(outcome.notebook, cell.cell_id)
    # For JSON, a fully qualified name is a JSON pointer (SARIF 2.1.0, 3.33.5).
    logical = {"name": name, "fullyQualifiedName": f"/cells/{cell.index}", "kind": "object"}
    return {"physicalLocation": physical, "logicalLocations": [logical]}


def _artifact(place: str) -> _Json:
    uri = uri_of(place)
    base = {} if uri.startswith("file:") else {"uriBaseId": _BASE}
    return {"artifactLocation": {"uri": uri, **base}}


def _notification(outcome: NotChecked) -> _Json:
    return {
        "level": "error",
        "message": {"text": f"{_ended(outcome.message)} {outcome.hint}".strip()},
        "locations": [{"physicalLocation": _artifact(outcome.place)}],
    }


def _fingerprint(finding: Finding, place: str) -> str:
    """Return what tells a finding from others while lines move: its rule, cell and names."""
    said = "\0".join([finding.rule, place, finding.cell_id or "", *finding.names])
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:32]
