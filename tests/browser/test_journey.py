"""The whole way to production from the panel's buttons: a real index, a real MLflow store, a real Docker Engine."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Lab, NotebookPage, running_lab
from playwright.sync_api import Page, expect

pytest.importorskip("mlflow")
pytestmark = [pytest.mark.browser, pytest.mark.engine, pytest.mark.slow]

CELLS = (
    "import numpy as np",
    "def features(rows):\n    return np.asarray(rows) * 2.0",
    "class Summing:\n    def predict(self, rows):\n        return rows.sum(axis=1)",
    "rows = np.arange(12.0).reshape(6, 2)",
    "model = Summing()\nmodel.predict(features(rows))",
)
STEPS = ("check", "lock", "export", "push", "build", "serve")


@pytest.fixture
def workshop(tmp_path: Path, engine: str) -> Iterator[Lab]:
    """A JupyterLab whose kernels reach the Docker Engine; what was tagged there goes at the end."""
    with running_lab(tmp_path) as lab:
        yield lab
        records = [json.loads(file.read_text()) for file in lab.root.glob("*-prod/release.json")]
    images = [record["steps"]["build"]["facts"]["image"] for record in records if "build" in record["steps"]]
    subprocess.run(["docker", "rmi", "-f", *images], check=False, capture_output=True)


def result(opened: NotebookPage, step: str, seconds: int) -> str:
    """Wait for what came of a step."""
    outcome = opened.panel.locator(
        f'[data-testid^="prodkit-step-{step}-"]:is([data-testid$="-result"], [role="alert"])'
    )
    expect(outcome).to_be_visible(timeout=seconds * 1000)
    assert outcome.get_attribute("data-testid") == f"prodkit-step-{step}-result", outcome.inner_text()
    return outcome.inner_text()


def test_all_steps_run_from_the_panel_to_a_service_that_answers(workshop: Lab, page: Page) -> None:
    """It stops at what only the user can say, offers the marks that are lacking, and ends with a call that is answered."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened = workshop.open(page, CELLS)
    opened.wait_until_attached()
    for index in range(len(CELLS)):
        opened.run(index)
    expect(opened.test_id("prodkit-verdict")).to_have_text(f"All {len(CELLS)} cells reproduce")

    opened.test_id("prodkit-run-all").click()
    stopped = opened.test_id("prodkit-stopped")
    expect(stopped).to_contain_text("Stopped at Export", timeout=120_000)
    expect(opened.test_id("prodkit-step-export-error")).to_contain_text("is marked export")
    opened.test_id("prodkit-mark-all").click()
    expect(opened.test_id("prodkit-step-export-error")).to_have_count(0)
    expect(stopped).to_have_count(0)

    opened.test_id("prodkit-run-all").click()
    expect(opened.test_id("prodkit-step-export")).to_contain_text("Exported", timeout=180_000)
    pushed = result(opened, "push", 180)
    assert "as the notebook does, to the last bit" in pushed
    built = result(opened, "build", 240)
    assert "and proved it" in built
    served = result(opened, "serve", 60)
    expect(stopped).to_have_count(0)
    for step in STEPS:
        expect(opened.test_id(f"prodkit-step-{step}")).not_to_contain_text("out of date")

    copy = opened.test_id("prodkit-step-build-result").get_by_role("button", name=re.compile("Copy"))
    copy.first.click()
    digest = page.evaluate("navigator.clipboard.readText()")
    record = json.loads(next(workshop.root.glob("*-prod/release.json")).read_text())
    assert set(record["steps"]) == set(STEPS)
    assert record["steps"]["build"]["facts"]["image_digest"] in (digest, f"sha256:{digest}")

    url = re.search(r"http://127\.0\.0\.1:\d+", served)
    assert url is not None
    opened.test_id("prodkit-step-serve-result").get_by_role("button", name=re.compile("Copy")).first.click()
    call = shlex.split(page.evaluate("navigator.clipboard.readText()"))
    answer = json.loads(subprocess.run([*call, "-s"], check=True, capture_output=True, text=True).stdout)
    assert answer["predictions"] == [2.0 * sum(row) for row in json.loads(call[call.index("-d") + 1])["inputs"]]

    opened.test_id("prodkit-step-serve").locator("[aria-expanded]").click()
    opened.test_id("prodkit-step-serve").get_by_role("checkbox", name="Stop").check()
    opened.test_id("prodkit-run-serve").click()
    expect(opened.test_id("prodkit-step-serve-result")).to_contain_text("Stopped the service", timeout=30_000)
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{url[0]}/ping", timeout=5)
