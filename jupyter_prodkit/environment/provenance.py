"""Where an installed distribution came from, in one word and one URL (PEP 610)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_prodkit.environment.facts import Source
from jupyter_prodkit.environment.installed import Installed
from jupyter_prodkit.release import without_credentials

__all__ = ["provenance"]


def provenance(one: Installed) -> tuple[Source, str | None]:
    """Return the kind of source and its URL, without credentials, complete enough to fetch the same again."""
    recorded = one.direct_url
    url = recorded.get("url")
    if not isinstance(url, str):
        return _undirected(one)
    clean = without_credentials(url)
    if "vcs_info" in recorded:
        return "vcs", _vcs_url(clean, recorded)
    if "archive_info" in recorded:
        return "archive", clean + _fragment(_archive_digest(recorded), _subdirectory(recorded))
    editable = bool(recorded.get("dir_info", {}).get("editable"))
    return ("editable" if editable else "local"), clean + _fragment(_subdirectory(recorded))


def _undirected(one: Installed) -> tuple[Source, str | None]:
    if one.developed:
        return "editable", one.base.as_uri()
    if one.installer == "conda":
        return "conda", None
    return ("system" if one.by_system else "index"), None


def _vcs_url(url: str, recorded: Mapping[str, Any]) -> str:
    info = recorded["vcs_info"]
    commit = info.get("commit_id") or info.get("requested_revision") or ""
    return f"{info.get('vcs', 'git')}+{url}@{commit}{_fragment(_subdirectory(recorded))}"


def _archive_digest(recorded: Mapping[str, Any]) -> str:
    info = recorded["archive_info"]
    digest = info.get("hashes", {}).get("sha256")
    legacy = str(info.get("hash", ""))  # `sha256=…`, from before the field `hashes`
    return f"sha256={digest}" if digest else legacy if legacy.startswith("sha256=") else ""


def _subdirectory(recorded: Mapping[str, Any]) -> str:
    folder = recorded.get("subdirectory")
    return f"subdirectory={folder}" if folder else ""


def _fragment(*parts: str) -> str:
    text = "&".join(part for part in parts if part)
    return f"#{text}" if text else ""
