"""Pip's configuration, and how uv is told of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from jupyter_prodkit.lock.pip_settings import PipSettings, config_paths, parse_pip_settings
from jupyter_prodkit.lock.uv import uv_environment

HOME, PREFIX = Path("/home/me"), Path("/env")


@pytest.mark.parametrize(
    ("texts", "environ", "expected"),
    [
        ([], {}, PipSettings()),
        (["[global]\nindex-url = https://a/s"], {}, PipSettings(index_url="https://a/s")),
        (["[global]\nindex_url = https://a/s"], {}, PipSettings(index_url="https://a/s")),
        (
            ["[global]\nindex-url = https://a/s", "[global]\nindex-url = https://b/s"],
            {},
            PipSettings(index_url="https://b/s"),
        ),
        (
            ["[install]\nindex-url = https://a/s", "[global]\nindex-url = https://b/s"],
            {},
            PipSettings(index_url="https://a/s"),
        ),
        (
            ["[install]\nindex-url = https://a/s"],
            {"PIP_INDEX_URL": "https://c/s"},
            PipSettings(index_url="https://c/s"),
        ),
        (
            ["[global]\nextra-index-url =\n  https://a/s\n  https://b/s\nfind-links = /w x/y"],
            {},
            PipSettings(extra_index_urls=("https://a/s", "https://b/s"), find_links=("/w", "x/y")),
        ),
        (["[global]\nindex-url = https://u:100%pw@a/s"], {}, PipSettings(index_url="https://u:100%pw@a/s")),
        ([], {"PIP_NO_INDEX": "1"}, PipSettings(no_index=True)),
        ([], {"PIP_NO_INDEX": "false"}, PipSettings()),
        (
            ["[global]\ncert = /c.pem\ntrusted-host = a b"],
            {},
            PipSettings(certificate="/c.pem", trusted_hosts=("a", "b")),
        ),
        (["[freeze]\nindex-url = https://a/s", "broken [", "= x"], {}, PipSettings()),
    ],
)
def test_settings(texts: list[str], environ: dict[str, str], expected: PipSettings) -> None:
    """Pip's files and variables are read with pip's own ranks; a broken file counts as empty."""
    assert parse_pip_settings(texts, environ) == expected


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        (
            {},
            "linux",
            ["/etc/xdg/pip/pip.conf", "/etc/pip.conf", "/home/me/.pip/pip.conf", "/home/me/.config/pip/pip.conf"],
        ),
        (
            {"XDG_CONFIG_DIRS": "/x", "XDG_CONFIG_HOME": "/c", "PIP_CONFIG_FILE": "/own.conf"},
            "linux",
            [
                "/x/pip/pip.conf",
                "/etc/pip.conf",
                "/home/me/.pip/pip.conf",
                "/c/pip/pip.conf",
                "/env/pip.conf",
                "/own.conf",
            ],
        ),
        ({}, "darwin", ["/Library/Application Support/pip/pip.conf", "/home/me/.pip/pip.conf"]),
        (
            {"PROGRAMDATA": "/pd", "APPDATA": "/ad"},
            "win32",
            ["/pd/pip/pip.ini", "/home/me/pip/pip.ini", "/ad/pip/pip.ini", "/env/pip.ini"],
        ),
        ({"PIP_CONFIG_FILE": os.devnull}, "linux", []),
    ],
)
def test_places(environ: dict[str, str], platform: str, expected: list[str]) -> None:
    """Pip's files are looked for where pip looks for them on each system, in its order."""
    assert [str(path) for path in config_paths(environ, platform, HOME, PREFIX)][: len(expected)] == expected
    assert bool(config_paths(environ, platform, HOME, PREFIX)) == bool(expected)


@pytest.mark.parametrize(
    ("environ", "settings", "expected"),
    [
        ({}, {}, {}),
        ({}, {"index_url": "https://a/s"}, {"UV_DEFAULT_INDEX": "https://a/s"}),
        ({"UV_DEFAULT_INDEX": "https://mine"}, {"index_url": "https://a/s"}, {"UV_DEFAULT_INDEX": "https://mine"}),
        ({"UV_INDEX_URL": "https://mine"}, {"index_url": "https://a/s"}, {"UV_INDEX_URL": "https://mine"}),
        (
            {"UV_INDEX": "https://mine"},
            {"extra_index_urls": ("https://a/s", "https://b/s")},
            {"UV_INDEX": "https://mine https://a/s https://b/s", "UV_INDEX_STRATEGY": "unsafe-best-match"},
        ),
        (
            {"UV_INDEX_STRATEGY": "first-index"},
            {"extra_index_urls": ("https://a/s",)},
            {"UV_INDEX": "https://a/s", "UV_INDEX_STRATEGY": "first-index"},
        ),
        ({}, {"find_links": ("/", "/nowhere/at/all", "https://h/w")}, {"UV_FIND_LINKS": "/,https://h/w"}),
        (
            {},
            {"certificate": "/c.pem", "trusted_hosts": ("a", "b")},
            {"SSL_CERT_FILE": "/c.pem", "UV_INSECURE_HOST": "a b"},
        ),
        ({"UV_CONSTRAINT": "c.txt", "UV_OVERRIDE": "o.txt", "UV_EXCLUDE": "e.txt"}, {}, {}),
        ({"UV_CACHE_DIR": "/c"}, {}, {"UV_CACHE_DIR": "/c"}),
    ],
)
def test_uv_is_told(environ: dict[str, str], settings: dict[str, Any], expected: dict[str, str]) -> None:
    """Uv hears of pip's settings in its own variables; what the user told uv wins, and nothing may change the pins."""
    given = uv_environment(environ, PipSettings(**settings))
    assert {name: value for name, value in given.items() if name not in ("SOURCE_DATE_EPOCH", "NO_COLOR")} == expected
