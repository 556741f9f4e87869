"""Our server and `mlflow models serve`, side by side: one small scikit-learn model, one row per request.

    python benchmarks/serving.py [--seconds 8] [--connections 8] [--array]

A closed loop: every connection is kept alive and sends its next request when it has its answer. Client and server
share the machine, so the figures are for comparing, not for planning capacity.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from jupyter_prodkit.runtime import Facts, infer_schema, release_files, request_for

FEATURES = 20
WARM_UP_SECONDS = 1.0
START_SECONDS = 120


@dataclass(frozen=True)
class Figures:
    """What the clients of one server saw."""

    requests_per_second: float
    p50: float
    p99: float
    """Milliseconds."""


def train(*, array: bool) -> tuple[Any, Any]:
    """Return a fitted pipeline and the rows it was fitted on: a frame with named columns, or an array."""
    draw = np.random.default_rng(0)
    rows = pd.DataFrame(draw.normal(size=(1000, FEATURES)), columns=[f"feature_{n}" for n in range(FEATURES)])
    target = rows.sum(axis=1) > 0
    given = rows.to_numpy() if array else rows
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(given, target), given


def write_ours(folder: Path, model: Any, rows: Any) -> list[str]:
    """Write the release folder and return the command that serves it."""
    files = release_files(
        Facts(name="bench", version="1", package="bench", package_version="1", model_class=type(model).__name__),
        model=pickle.dumps(model, protocol=5),
        schema=infer_schema(rows),
        rows=rows[:5],
        predictions=model.predict(rows[:5]),
    )
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return [sys.executable, "-m", "jupyter_prodkit.runtime", str(folder), "--port"]


def write_mlflow(folder: Path, model: Any, rows: Any) -> list[str]:
    """Save the model for MLflow and return the command that serves it."""
    import mlflow

    signature = mlflow.models.infer_signature(rows, model.predict(rows))
    mlflow.sklearn.save_model(
        model, folder, signature=signature, serialization_format="cloudpickle", pip_requirements=["scikit-learn"]
    )
    serve = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(folder)]
    return [*serve, "--workers", "1", "--env-manager", "local", "--port"]


@contextlib.contextmanager
def running(command: list[str], name: str) -> Iterator[int]:
    """Run a server on a free port for as long as the block lasts; say how long it took to answer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(Path(__file__).parents[1])}
    began = time.perf_counter()
    process = subprocess.Popen(
        [*command, str(port)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for(process, port, began)
        print(f"{name}: first answer after {time.perf_counter() - began:.1f} s")
        yield port
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def wait_for(process: subprocess.Popen[bytes], port: int, began: float) -> None:
    """Return when the server answers `/ping`; leave the program where it never does."""
    while time.perf_counter() - began < START_SECONDS and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=1).close()
        except OSError:  # noqa: PERF203 - it is still starting
            time.sleep(0.05)
        else:
            return
    sys.exit(f"the server did not start: {process.args!r}")


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes:
    """Send one request over a connection that is kept alive and return the answer's body."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        sys.exit(f"not answered: {head.decode()}")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    return await reader.readexactly(length)


async def client(port: int, request: bytes, until: float) -> list[float]:
    """Ask again and again until the time is over; return the seconds that each answer took."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    seconds = []
    while (began := time.perf_counter()) < until:
        await ask(reader, writer, request)
        seconds.append(time.perf_counter() - began)
    writer.close()
    return seconds


async def load(port: int, request: bytes, connections: int, seconds: float) -> Figures:
    """Measure after a warm-up that is thrown away."""
    warm = time.perf_counter() + WARM_UP_SECONDS
    await asyncio.gather(*(client(port, request, warm) for _ in range(connections)))
    until = time.perf_counter() + seconds
    answers = await asyncio.gather(*(client(port, request, until) for _ in range(connections)))
    taken = np.concatenate([np.array(one) for one in answers])
    p50, p99 = np.percentile(taken, [50, 99]) * 1000
    return Figures(len(taken) / seconds, float(p50), float(p99))


def http_request(document: Any) -> bytes:
    """Return the bytes of a POST to /invocations."""
    body = json.dumps(document).encode()
    lines = ["POST /invocations HTTP/1.1", "host: bench", "content-type: application/json"]
    head = "\r\n".join([*lines, f"content-length: {len(body)}", "", ""])
    return head.encode() + body


def main() -> None:
    """Measure both servers and print their figures and the ratio."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=8, help="how long each server is measured")
    parser.add_argument("--connections", type=int, default=8, help="how many clients ask at a time")
    parser.add_argument("--array", action="store_true", help="a model of arrays, not of frames with named columns")
    chosen = parser.parse_args()
    model, rows = train(array=chosen.array)
    request = http_request(request_for(infer_schema(rows), rows[:1]))
    figures: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory() as scratch:
        commands = {
            "jupyter-prodkit": write_ours(Path(scratch) / "ours", model, rows),
            "mlflow": write_mlflow(Path(scratch) / "mlflow", model, rows),
        }
        for name, command in commands.items():
            with running(command, name) as port:
                figures[name] = asyncio.run(load(port, request, chosen.connections, chosen.seconds))
    print(f"\n{'server':<16} {'req/s':>8} {'p50 ms':>8} {'p99 ms':>8}")
    for name, seen in figures.items():
        print(f"{name:<16} {seen.requests_per_second:>8.0f} {seen.p50:>8.2f} {seen.p99:>8.2f}")
    ours, theirs = figures.values()
    print(
        f"{'ratio':<16} {ours.requests_per_second / theirs.requests_per_second:>7.1f}x"
        f" {theirs.p50 / ours.p50:>7.1f}x {theirs.p99 / ours.p99:>7.1f}x"
    )


if __name__ == "__main__":
    main()
