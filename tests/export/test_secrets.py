"""No secret gets into a package: each way in which a notebook holds one is refused, or has only the environment's value."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from pages import FACTS, REQUIREMENTS, SERVING, page

from jupyter_prodkit.errors import ExportError
from jupyter_prodkit.export.locked import Locked
from jupyter_prodkit.export.package import Package, package_tree
from jupyter_prodkit.export.selection import select

PASSWORD, KEY = "hunter22", "k3y9f27ab41c6d8e05zq"
GITHUB = "ghp_" + "q7Zr1XvN4mKb8TcYwE2sLp6HdJ9uGf3AoViR"
HELD = {
    "assigned": ("#| step load\npassword = '{p}'\nb = 1", PASSWORD),
    "in an expression": ("#| step load\nif (password := '{p}'):\n    b = 1", PASSWORD),
    "an attribute": ("#| step load\nimport lib\nlib.api_key = '{p}'\nb = 1", KEY),
    "in the environment": ("#| step load\nimport os\nos.environ['API_TOKEN'] = '{p}'\nb = 1", KEY),
    "in a dictionary": ("#| step load\nb = {{'user': 'me', 'api_key': '{p}'}}", KEY),
    "a default": ("#| export\ndef f(access_token='{p}'):\n    return access_token", KEY),
    "handed over": ("#| export\ndef f(g):\n    return g(password='{p}')", PASSWORD),
    "of a known form": ("#| step load\nimport lib\nb = lib.login('{p}')", GITHUB),
    "in a header": ("#| step load\nimport lib\nb = lib.get(headers={{'Authorization': 'Bearer {p}'}})", KEY),
    "in a URL": ("#| step load\nb = 'postgresql://me:{p}@db/x'", PASSWORD),
    "in a query": ("#| step load\nb = open('https://example.org/a.csv?token={p}')", KEY),
    "in a comment": ("#| step load\n# lib.login('{p}')\nb = 1", GITHUB),
    "in a docstring": ("#| export\ndef f():\n    'see https://me:{p}@example.org'", PASSWORD),
    "inside a parameter": ("#| parameters\nDB = {{'user': 'me', 'password': '{p}'}}", PASSWORD),
    "beside a parameter": ("#| parameters\nA = 1  # {p}", GITHUB),
    "picked": ("#| step load\nb = '{p}'  #| setting api_key", KEY),
}


@pytest.mark.parametrize(("cell", "secret"), HELD.values(), ids=HELD)
def test_a_secret_in_the_code_is_refused(cell: str, secret: str) -> None:
    """With the way to a setting, and without saying the secret."""
    with pytest.raises(ExportError, match="secret") as caught:
        select(page(cell.format(p=secret), "#| export\ndef other(): ..."))
    assert secret not in str(caught.value.message) + caught.value.hint
    assert "parameter" in caught.value.hint


@pytest.mark.parametrize("needs", ["#| step load\nb = len(API_KEY)", "#| export\ndef f():\n    return API_KEY"])
def test_a_secret_that_nobody_marked_does_not_come_along(needs: str) -> None:
    """What marked cells need is looked at like what is marked."""
    with pytest.raises(ExportError, match="Cell 1, which the marked cells need for `API_KEY`, holds a secret") as caught:
        select(page(f"API_KEY = '{KEY}'", needs))
    assert "marked `parameters`" in caught.value.hint


def test_a_secret_among_the_parameters_is_written_nowhere() -> None:
    """By its name, by its form, or as a URL with credentials: it is a setting without a default."""
    parameters = f"DB_PASSWORD = '{PASSWORD}'\nHUB = '{GITHUB}'\nURL = 'https://me:{PASSWORD}@example.org'\nLIMIT = 3"
    found = select(page(f"#| parameters\n{parameters}", "#| step load\nb = len(DB_PASSWORD + HUB + URL) + LIMIT"))
    assert [(p.field, p.secret) for p in found.parameters] == [
        ("db_password", True), ("hub", True), ("url", True), ("limit", False),
    ]  # fmt: skip
    package = Package("flowers", "1", "flowers.ipynb", found, Locked(REQUIREMENTS, SERVING, FACTS), "0.13.9")
    everything = "\n".join([*map(str, package_tree(package).values()), *(str(asdict(p)) for p in found.parameters)])
    assert PASSWORD not in everything
    assert GITHUB not in everything
