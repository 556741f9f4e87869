"""What the panel costs and how soon it answers, in a real JupyterLab: verdicts, typing, activation, bundle, leaks.

    python benchmarks/panel.py [--cells 500 2000] [--notebooks 50]

Times are taken in the page: from the arrival of the kernel's `executed` to the arrival of the report.
`--notebooks` opens and closes that many and compares what the browser then holds (0 leaves it out).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests/browser"))

from conftest import Lab, NotebookPage, running_chromium, running_lab  # noqa: E402 - found on the line above

BUNDLE = ROOT / "jupyter_prodkit/labextension/static"
OURS = "/extensions/jupyter-prodkit/"
RUNS, KEYS = 9, 60
LONG = 50
"""Milliseconds from which on a browser calls a task long."""
LISTEN = """(() => {
    window.heard = [];
    const note = (way, data) => {
        const text = typeof data === 'string' ? data : new TextDecoder().decode(data);
        const [, kind] = /"kind":\\s*"(executed|check|report)"/.exec(text) ?? [];
        const [, id] = /"id":\\s*(\\d+)/.exec(text) ?? [];
        if (kind !== undefined) { window.heard.push([way, kind, performance.now(), Number(id ?? 0)]); }
    };
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (data) { note('out', data); return send.call(this, data); };
    const Real = window.WebSocket;
    window.WebSocket = class extends Real {
        constructor(...given) { super(...given); this.addEventListener('message', event => note('in', event.data)); }
    };
})()"""

BUSY = """async () => {
    const panel = document.querySelector('[data-testid=prodkit-panel]');
    const says = () => panel.textContent.includes('kernel busy');
    const frame = () => new Promise(requestAnimationFrame);
    while (says()) { await frame(); }
    const start = performance.now();
    void window.jupyterapp.commands.execute('notebook:run-cell');
    while (!says()) { await frame(); }
    return performance.now() - start;
}"""
ANSWERS_ALWAYS = int(version("ipykernel").split(".")[0]) >= 7
"""Since version 7 kernels have subshells."""


def main() -> None:
    """Measure and print one line a figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, nargs="*", default=[500, 2000])
    parser.add_argument("--notebooks", type=int, default=50)
    given = parser.parse_args()
    say("bundle, all files", f"{sum(file.stat().st_size for file in BUNDLE.glob('*.js')) / 1000:.0f} kB")
    with tempfile.TemporaryDirectory() as folder, running_lab(Path(folder)) as lab, running_chromium() as chromium:
        activation(lab, chromium)
        for cells in given.cells:
            answers(lab, chromium, cells)
        if given.notebooks:
            leaks(lab, chromium, given.notebooks, "with the panel")
    if given.notebooks:
        with (
            tempfile.TemporaryDirectory() as folder,
            running_lab(without_us(Path(folder))) as lab,
            running_chromium() as chromium,
        ):
            leaks(lab, chromium, given.notebooks, "JupyterLab alone")


def say(what: str, figure: str) -> None:
    """Print one figure."""
    sys.stdout.write(f"{what:<60}{figure}\n")
    sys.stdout.flush()


@contextmanager
def listening_page(chromium: Browser) -> Iterator[Page]:
    """Yield a page that notes our messages; its kernels end with it."""
    page = chromium.new_page()
    page.add_init_script(LISTEN)
    yield page
    page.evaluate("window.jupyterapp.serviceManager.sessions.shutdownAll()")
    page.close()


def notebook(cells: int) -> list[str]:
    """Return a notebook of that many cells, each on the one before."""
    return [f"x{n} = x{n - 1} + {n}\ny{n} = [v * 2 for v in range(x{n} % 50)]" if n else "x0 = 1" for n in range(cells)]


def answers(lab: Lab, chromium: Browser, cells: int) -> None:
    """Measure verdicts after a run, answers while a cell runs, and long tasks while somebody types."""
    with listening_page(chromium) as page:
        opened = lab.open(page, [*notebook(cells), "import time\ntime.sleep(15)"])
        opened.wait_until_attached()
        settled(page)
        page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex = 0")
        times, trips = [], []
        for _ in range(RUNS):
            times.append(after_run(opened))
            trips += asked(page)
        say(f"verdict after a cell, {cells} cells", told(times))
        say("  of it between the check's leaving and its coming back", told(trips))
        typing(opened, cells)
        page.evaluate(f"window.jupyterapp.shell.currentWidget.content.activeCellIndex = {cells}")
        if not ANSWERS_ALWAYS:
            say(f"“kernel busy” is shown, {cells} cells", told([page.evaluate(BUSY)]))
            return
        opened.command("notebook:run-cell")
        page.wait_for_timeout(1500)
        page.evaluate("window.heard = []")
        for _ in range(RUNS):
            opened.command("jupyter-prodkit:check")
            page.wait_for_timeout(600)
        say(f"answer while a cell runs, {cells} cells", told(asked(page)))


def settled(page: Page) -> None:
    """Wait until JupyterLab has built the page: it makes an editor of each cell, one whenever it is idle."""
    page.wait_for_function(
        "window.jupyterapp.shell.currentWidget.content.widgets.every(cell => !cell.isPlaceholder())", timeout=1_200_000
    )


def after_run(opened: NotebookPage) -> float:
    """Run a cell, and return the milliseconds from its end to the report."""
    page = opened.page
    page.wait_for_timeout(900)
    page.evaluate("window.heard = []")
    opened.command("notebook:run-cell")
    page.wait_for_function("window.heard.some(([way, kind]) => way === 'in' && kind === 'report')", timeout=60_000)
    return float(
        page.evaluate(
            """() => {
                const at = kind => window.heard.find(([way, one]) => way === 'in' && one === kind)?.[2];
                return at('report') - at('executed');
            }"""
        )
    )


def asked(page: Page) -> list[float]:
    """Return the milliseconds that each check noted was under way, until the page's own and our connection have it."""
    heard: list[tuple[str, str, float, int]] = page.evaluate("window.heard")
    out = {number: at for way, kind, at, number in heard if (way, kind) == ("out", "check")}
    back = {number: at for way, kind, at, number in heard if (way, kind) == ("in", "report")}
    return [at - out[number] for number, at in back.items() if number in out]


def typing(opened: NotebookPage, cells: int) -> None:
    """Type with the panel open and closed, and print the long tasks of both."""
    for where in ("open", "closed"):
        opened.cell(0).locator(".jp-InputArea-editor").click()
        with profile(opened.page) as ours, trace(opened.page) as tasks:
            opened.page.keyboard.type("# a remark of sixty letters, typed as fast as people type it"[:KEYS], delay=60)
            opened.page.wait_for_timeout(1500)
        say(
            f"typing {KEYS} letters, {cells} cells, panel {where}",
            f"longest task {max(tasks, default=0):.0f} ms, {sum(task > LONG for task in tasks)} above {LONG} ms; "
            f"our longest stretch {ours[-1]:.0f} ms",
        )
        opened.page.evaluate("window.jupyterapp.shell.collapseRight()")
    opened.command("jupyter-prodkit:show-panel")


@contextmanager
def trace(page: Page) -> Iterator[list[float]]:
    """Yield a list that gets, at the end, the milliseconds of CPU that each task of the page's main thread took.

    Of CPU, and not of the clock: other programs on the machine make a task no longer than it is.
    """
    session = page.context.new_cdp_session(page)
    events: list[dict[str, Any]] = []
    ended: list[object] = []
    session.on("Tracing.dataCollected", lambda part: events.extend(part["value"]))
    session.on("Tracing.tracingComplete", lambda end: ended.append(end))  # noqa: PLW0108 - it wants to mark it
    chosen = {"includedCategories": ["toplevel", "disabled-by-default-devtools.timeline", "__metadata"]}
    session.send("Tracing.start", {"transferMode": "ReportEvents", "traceConfig": chosen})
    found: list[float] = []
    yield found
    session.send("Tracing.end")
    while not ended:
        page.wait_for_timeout(50)
    mains = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    found.extend(
        event.get("tdur", 0) / 1000
        for event in events
        if event["name"] == "RunTask" and (event["pid"], event["tid"]) in mains
    )


@contextmanager
def profile(page: Page) -> Iterator[list[float]]:
    """Yield a list that gets, at the end, the total and the longest unbroken milliseconds spent in our code."""
    session = page.context.new_cdp_session(page)
    session.send("Profiler.enable")
    session.send("Profiler.setSamplingInterval", {"interval": 500})
    session.send("Profiler.start")
    found: list[float] = []
    yield found
    found.extend(ours_in(session.send("Profiler.stop")["profile"]))


def ours_in(taken: dict[str, Any]) -> tuple[float, float]:
    """Return the total and the longest stretch of samples whose stack goes through our bundle."""
    nodes = {node["id"]: node for node in taken["nodes"]}
    parents = {child: node["id"] for node in taken["nodes"] for child in node.get("children", ())}

    def is_ours(at: int | None) -> bool:
        while at is not None:
            if OURS in nodes[at]["callFrame"]["url"]:
                return True
            at = parents.get(at)
        return False

    total = longest = stretch = 0.0
    for node, delta in zip(taken["samples"], taken["timeDeltas"], strict=False):
        stretch = stretch + delta / 1000 if is_ours(node) else 0.0
        total += delta / 1000 if stretch else 0.0
        longest = max(longest, stretch)
    return total, longest


def activation(lab: Lab, chromium: Browser) -> None:
    """Print what our code takes of the start of JupyterLab: all of its plugins' activation, and its loading."""
    totals = []
    for _ in range(3):
        page = chromium.new_page()
        page.goto(f"{lab.url}/lab?reset")
        page.locator("#jupyterlab-splash").wait_for(state="detached")
        with profile(page) as ours:  # of a second start: a first one is in another process than the page before it
            page.reload()
            page.locator("#jupyterlab-splash").wait_for(state="detached")
            page.wait_for_timeout(1000)
        totals.append(ours[0])
        page.close()
    say("our code while JupyterLab starts", told(totals))


def without_us(home: Path) -> Path:
    """Switch our extension off for a JupyterLab that keeps what it has in the folder `home`."""
    file = home / "config/labconfig/page_config.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"disabledExtensions": {"jupyter-prodkit": True}}))
    return home


def leaks(lab: Lab, chromium: Browser, notebooks: int, how: str) -> None:
    """Open and close notebooks, and print what the browser holds more for each; with the panel, it is beside them."""
    with listening_page(chromium) as page:
        opened = lab.open(page, ["a = 1"], panel=how == "with the panel")
        open_and_close(lab, opened, 5)
        before = held(page)
        open_and_close(lab, opened, notebooks)
        after = held(page)
        for name in ("JSHeapUsedSize", "Nodes", "JSEventListeners"):
            more = (after[name] - before[name]) / notebooks
            say(
                f"{name} kept of each of {notebooks} notebooks, {how}", f"{more:,.0f} (after five: {before[name]:,.0f})"
            )


def open_and_close(lab: Lab, opened: NotebookPage, notebooks: int) -> None:
    """Open that many notebooks one after the other, wait until they are judged, and close them with their kernels."""
    page = opened.page
    has_panel = opened.panel.count() > 0
    for _ in range(notebooks):
        path = lab.write(["b = 1", "b"]).name
        page.evaluate("path => { void window.jupyterapp.commands.execute('docmanager:open', { path }) }", path)
        page.wait_for_function(
            """path => {
                const widget = window.jupyterapp.shell.currentWidget;
                return widget?.context?.path === path && widget.sessionContext.isReady;
            }""",
            arg=path,
        )
        if has_panel:
            expect(opened.test_id("prodkit-verdict")).to_have_text("2 cells have not been run", timeout=60_000)
        page.evaluate(
            """async () => {
                const widget = window.jupyterapp.shell.currentWidget;
                await widget.sessionContext.shutdown();
                widget.dispose();
            }"""
        )


def held(page: Page) -> dict[str, float]:
    """Return what the browser holds after collecting what nobody does."""
    page.wait_for_timeout(25_000)  # a connection waits that long for the answer of a kernel that is gone
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    return {metric["name"]: metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]}


def told(milliseconds: Sequence[float]) -> str:
    """Return the median and the worst."""
    return f"{statistics.median(milliseconds):.0f} ms, worst {max(milliseconds):.0f} ms, of {len(milliseconds)}"


if __name__ == "__main__":
    main()
