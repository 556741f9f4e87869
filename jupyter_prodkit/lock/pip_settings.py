"""Where pip is configured to look for distributions; uv doesn't read that, and would look elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from configparser import ConfigParser
from configparser import Error as ConfigError
from dataclasses import dataclass
from pathlib import Path

from jupyter_prodkit.files import text_or_empty

__all__ = ["PipSettings", "config_paths", "parse_pip_settings", "read_pip_settings"]

_SECTIONS = ("global", "install")  # what a command's own section says wins
_OFF = ("", "0", "false", "no", "off", "n", "f")


@dataclass(frozen=True, slots=True)
class PipSettings:
    """Pip's settings of indexes, as it would use them itself."""

    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    no_index: bool = False
    certificate: str | None = None
    trusted_hosts: tuple[str, ...] = ()


def read_pip_settings(environ: Mapping[str, str]) -> PipSettings:
    """Return what pip's configuration files and `environ` say; a file that can't be read counts as empty."""
    paths = config_paths(environ, sys.platform, Path.home(), Path(sys.prefix))
    return parse_pip_settings([text_or_empty(path) for path in paths], environ)


def parse_pip_settings(texts: Iterable[str], environ: Mapping[str, str]) -> PipSettings:
    """Return the settings in the configuration files' `texts`, the last one strongest, under the `PIP_*` variables."""
    ranked: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
    for text in texts:
        for section, values in _sections(text).items():
            ranked[section].update(values)
    merged = {**ranked["global"], **ranked["install"]}
    for name, value in environ.items():
        if name.startswith("PIP_") and value:
            merged[_key(name[4:])] = value
    return PipSettings(
        index_url=merged.get("index-url") or None,
        extra_index_urls=tuple(merged.get("extra-index-url", "").split()),
        find_links=tuple(merged.get("find-links", "").split()),
        no_index=merged.get("no-index", "").strip().lower() not in _OFF,
        certificate=merged.get("cert") or None,
        trusted_hosts=tuple(merged.get("trusted-host", "").split()),
    )


def config_paths(environ: Mapping[str, str], platform: str, home: Path, prefix: Path) -> tuple[Path, ...]:
    """Return where pip looks for its configuration, lowest rank first (pip's user guide, Configuration)."""
    named = environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return ()  # pip's own way to say: no files at all
    paths = _platform_paths(environ, platform, home)
    paths.append(prefix / ("pip.ini" if platform == "win32" else "pip.conf"))
    if named:
        paths.append(Path(named).expanduser())
    return tuple(paths)


def _platform_paths(environ: Mapping[str, str], platform: str, home: Path) -> list[Path]:
    if platform == "win32":
        machine, user = environ.get("PROGRAMDATA", "C:/ProgramData"), environ.get("APPDATA", str(home))
        return [Path(machine, "pip", "pip.ini"), home / "pip" / "pip.ini", Path(user, "pip", "pip.ini")]
    legacy = home / ".pip" / "pip.conf"
    user_config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip" / "pip.conf"
    if platform == "darwin":
        library = Path("Library", "Application Support", "pip")
        own = home / library / "pip.conf" if (home / library).is_dir() else user_config
        return [Path("/", library, "pip.conf"), legacy, own]
    shared = (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)
    return [*(Path(folder, "pip", "pip.conf") for folder in shared), Path("/etc/pip.conf"), legacy, user_config]


def _sections(text: str) -> dict[str, dict[str, str]]:
    parser = ConfigParser(interpolation=None, strict=False)  # a password may hold a percent sign
    try:
        parser.read_string(text)
    except ConfigError:
        return {}
    return {
        section: {_key(name): value for name, value in parser.items(section)}
        for section in _SECTIONS
        if parser.has_section(section)
    }


def _key(name: str) -> str:
    return name.lower().replace("_", "-")
