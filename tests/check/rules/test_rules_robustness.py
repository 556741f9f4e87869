"""What may hang for ever, and errors that nobody hears of."""

from __future__ import annotations

import pytest
from asking import findings_of, rules_and_cells

FINDS = [
    ("robustness/no-timeout", ["import requests", "r = requests.get(u)"]),
    ("robustness/no-timeout", ["import requests as rq", "rq.post(u, json={})"]),
    ("robustness/no-timeout", ["from requests import get", "get(u)"]),
    ("robustness/no-timeout", ["from urllib.request import urlopen", "urlopen(u)"]),
    ("robustness/no-timeout", ["import urllib.request", "def f():\n    return urllib.request.urlopen(u)"]),
    ("robustness/bare-except", ["try:\n    f()\nexcept:\n    pass"]),
    ("robustness/bare-except", ["try:\n    f()\nexcept:\n    print('no')"]),
    ("robustness/swallowed-error", ["try:\n    f()\nexcept Exception:\n    pass"]),
    ("robustness/swallowed-error", ["try:\n    f()\nexcept (ValueError, BaseException):\n    ..."]),
    ("robustness/swallowed-error", ["for x in y:\n    try:\n        f()\n    except Exception as e:\n        continue"]),
    ("robustness/swallowed-error", ["import contextlib", "with contextlib.suppress(Exception): f()"]),
]
SILENT = [
    ["import requests", "requests.get(u, timeout=3)"],
    ["import requests", "requests.get(u, **options)"],
    ["import requests", "requests.Session()", "requests.codes.ok"],
    ["import httpx", "httpx.get(u)"],
    ["import urllib.request", "urllib.request.urlopen(u, None, 3)"],
    ["cache.get(1)", "requests = {}", "requests.get('a')"],
    ["try:\n    import cupy\nexcept:\n    cupy = None"],
    ["try:\n    f()\nexcept ValueError:\n    pass"],
    ["try:\n    f()\nexcept Exception as e:\n    print(e)"],
    ["try:\n    f()\nexcept Exception:\n    x = None"],
    ["try:\n    f()\nexcept:\n    print(1)\n    raise"],
    ["import contextlib", "with contextlib.suppress(KeyError): f()"],
]


@pytest.mark.parametrize(("rule", "sources"), FINDS)
def test_it_is_found(rule, sources):
    assert rules_and_cells(*sources) == [(rule, f"c{len(sources)}")]


@pytest.mark.parametrize("sources", SILENT, ids=str)
def test_what_is_in_order_raises_no_alarm(sources):
    assert rules_and_cells(*sources) == []


@pytest.mark.parametrize(
    ("mark", "severity"),
    [
        ("", "note"),
        ("#| export\n", "warning"),
        ("#| step load\n", "warning"),
        ("#| exporti\n", "warning"),
        ("#| export\n#| eval: false\n", "note"),
    ],
)
def test_what_is_exported_weighs_more(mark, severity):
    """In a notebook someone sits before it; in production nobody does."""
    (finding,) = findings_of("import requests", f"{mark}def load(): return requests.get(u)")
    assert finding.severity == severity
