"""A service in a process of its own, and the rows that it is asked about."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SECONDS = 60


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Service:
    """A running service."""

    process: subprocess.Popen[str]
    port: int

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named)
            response = connection.getresponse()
            return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def post(self, document: Any) -> Reply:
        return self.ask("POST", "/invocations", json.dumps(document).encode(), content_type="application/json")

    def metric(self, line: str) -> float:
        found = [row for row in self.ask("GET", "/metrics").body.decode().splitlines() if row.startswith(line + " ")]
        return float(found[0].rsplit(" ", 1)[1]) if found else 0.0

    def end(self) -> tuple[int, str, str]:
        """Tell the process to end; return its exit status and what it still printed."""
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, out, err


Launch = Callable[..., subprocess.Popen[str]]
Start = Callable[..., Service]
Release = Callable[..., Path]


def passengers(count: int = 200) -> pd.DataFrame:
    """Return rows as people have them: numbers with gaps, text with gaps, whole numbers, booleans."""
    draw = np.random.default_rng(7)
    age = draw.normal(35, 12, count)
    age[::7] = np.nan
    port = draw.choice(["Bergen", "Oslo", "Århus"], count).astype(object)
    port[::11] = None
    return pd.DataFrame(
        {
            "age": age,
            "fare": draw.exponential(30, count),
            "cabins": draw.integers(1, 4, count),
            "port": pd.Series(port, dtype="str" if pd.__version__ >= "3" else object),
            "crew": draw.random(count) < 0.1,
        }
    )


@dataclass(frozen=True)
class Trained:
    model: Any
    rows: pd.DataFrame
