"""What is known against the locked distributions: vulnerabilities by `uv audit` (OSV), licences, withdrawn releases."""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from jupyter_prodkit.environment.facts import EnvironmentFacts
from jupyter_prodkit.errors import LockError
from jupyter_prodkit.lock.compiling import Locked
from jupyter_prodkit.lock.project import make_uv_lock
from jupyter_prodkit.lock.report import Advisory, Audit
from jupyter_prodkit.lock.uv import Uv
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.release import without_credentials

__all__ = ["audited", "licences"]

_SHOWN = 200
_OWN = ("local", "editable", "vcs", "archive")  # nobody keeps advisories on what is the user's own


def audited(locked: Locked, uv: Uv, progress: Progress, service: str | None = None) -> Audit:
    """Return what is known against a lock; where the advisories can't be had, the audit says so instead of failing.

    `service` is the URL of an OSV service other than the public one. Raises CancelledError.
    """
    progress.stage("Asking for known vulnerabilities", 0.9)
    advisories, unreachable = _advisories(locked, uv, progress, service)
    return Audit(
        advisories=advisories,
        unreachable=unreachable,
        yanked=dict(locked.yanked),
        licences=licences(locked.facts),
    )


def licences(facts: EnvironmentFacts) -> dict[str, tuple[str, ...]]:
    """Return the distributions by what their metadata states as their licence."""
    found: dict[str, list[str]] = defaultdict(list)
    for fact in facts.distributions:
        found[fact.licence or "unknown"].append(fact.name)
    return {licence: tuple(sorted(found[licence])) for licence in sorted(found)}


def _advisories(
    locked: Locked, uv: Uv, progress: Progress, service: str | None
) -> tuple[tuple[Advisory, ...] | None, str | None]:
    own = {fact.name for fact in locked.facts.distributions if fact.source in _OWN}
    public = [replace(pin, wheel=None) for pin in locked.kernel if pin.name not in own]
    if not public:
        return (), None
    with tempfile.TemporaryDirectory(prefix="prodkit-audit-") as scratch:
        try:
            make_uv_lock(locked.facts, public, Path(scratch), uv, progress)
        except LockError as error:
            return None, error.message
        command = ["audit", "--frozen", "--output-format", "json", "--project", scratch]
        finished = uv.ask([*command, *(["--service-url", service] if service else [])], progress, Path(scratch))
    try:
        return tuple(_read(json.loads(finished.stdout))), None
    except (ValueError, KeyError, TypeError, AttributeError):
        said = " ".join(without_credentials(finished.stderr).split())
        reason = said.partition("error:")[2].strip() or said or "uv gave no answer"
        return None, (reason if len(reason) <= _SHOWN else f"{reason[:_SHOWN].rstrip()}…").rstrip(".")


def _read(answer: Mapping[str, Any]) -> list[Advisory]:
    found = []
    for one in answer["vulnerabilities"]:
        fixed = [str(version) for version in one.get("fix_versions") or ()]
        found.append(
            Advisory(
                name=canonicalize_name(one["dependency"]["name"]),
                version=str(one["dependency"]["version"]),
                id=str(one.get("display_id") or one["id"]),
                summary=str(one.get("summary") or ""),
                fixed_in=", ".join(fixed) or None,
            )
        )
    return sorted(found, key=lambda advisory: (advisory.name, advisory.id))
