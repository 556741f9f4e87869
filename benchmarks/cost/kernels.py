"""The kernels that are compared, each in an environment of its own, and what one run in one of them costs."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

from checkout import environment, needed_packages
from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpec

from cost.workloads import Workload

__all__ = ["CONTENDERS", "Contender", "Costs", "Kernel", "KernelTooSlow", "install", "measure", "running"]

LIBRARIES = (
    "ipykernel", "numpy", "pandas", "matplotlib", "seaborn", "scipy", "scikit-learn", "scikit-image", "statsmodels",
    "sympy", "networkx", "vega_datasets",
)  # fmt: skip
"""What workloads and notebooks use; the versions of the plain kernel's environment are the versions in all."""
CELL_SECONDS = 300.0
START_SECONDS = 120.0
QUIET = {
    "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}  # fmt: skip


class KernelTooSlow(Exception):  # noqa: N818 - it says what happened
    """A cell did not end in time."""


@dataclass(frozen=True)
class Contender:
    """One kernel of the comparison."""

    name: str
    requirement: str | None = None
    """The tool, as pip is asked for it."""
    module: str = "ipykernel_launcher"
    setup: str = ""
    """Run when the kernel is up, before anything is measured."""


CONTENDERS = {
    one.name: one
    for one in (
        Contender("plain"),
        Contender("prodkit", setup="%load_ext jupyter_prodkit"),
        Contender("flowbook", requirement="flowbook-python", module="flowbook.kernel"),
        Contender("ipyflow", requirement="ipyflow", module="ipyflow.kernel"),
    )
}


def install(contender: Contender, work: Path) -> Path:
    """Return Python of the contender's environment. Raises CalledProcessError where pip can't make it."""
    plain = environment(work / "plain", LIBRARIES)
    if contender.name == "plain":
        return plain
    versions = work / "constraints.txt"
    if not versions.exists():
        freeze = [str(plain), "-m", "pip", "freeze"]
        versions.write_text(subprocess.run(freeze, check=True, capture_output=True, text=True).stdout)
    asked = needed_packages() if contender.name == "prodkit" else [contender.requirement or ""]
    return environment(work / contender.name, ["-c", str(versions), *LIBRARIES, *asked])


@dataclass
class Costs:
    """Of one run of some cells in one kernel."""

    wall: list[float] = field(default_factory=list)
    """Seconds from the request to the kernel's being idle again, by cell."""
    imports: list[float] = field(default_factory=list)
    """The same of the cells before those that are measured."""
    cpu: list[float] = field(default_factory=list)
    """Seconds of all the kernel's threads, by cell: what a cell leaves to be done later counts for the next."""
    megabytes: float = 0.0
    """The kernel's memory at its peak (VmHWM)."""
    start_wall: float = 0.0
    """Seconds until the kernel was ready, its extension loaded."""
    start_cpu: float = 0.0
    raised: int = 0
    """How many cells raised."""


class Kernel:
    """Runs cells one at a time, naming them in the requests' metadata as JupyterLab does."""

    def __init__(self, python: Path, contender: Contender, *, path: Path | None, folder: Path) -> None:
        began = time.perf_counter()
        self._manager = KernelManager(connection_file=str(folder / "kernel.json"))
        argv = [str(python), "-m", contender.module, "-f", "{connection_file}", "--HistoryManager.enabled=False"]
        self._manager._kernel_spec = KernelSpec(argv=argv, display_name="benchmark", language="python")  # noqa: SLF001
        variables = {**os.environ, **QUIET, "IPYTHONDIR": str(folder / "ipython")}
        variables.pop("MPLBACKEND", None)
        variables.pop("PYTHONPATH", None)
        if path is not None:
            variables["PYTHONPATH"] = str(path)
        self.cwd = folder / "work"
        """The kernel's working directory, empty at first."""
        self.cwd.mkdir()
        null = subprocess.DEVNULL
        self._manager.start_kernel(cwd=str(self.cwd), env=variables, stdout=null, stderr=null)
        self._client = self._manager.blocking_client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=START_SECONDS)
        self._pid: int = self._manager.provisioner.process.pid
        self.order: Sequence[str] = ()
        """The ids of all cells on the page, which FlowBook asks for with each request."""
        if contender.setup:
            _, raised = self.execute(contender.setup, silent=True)
            if raised:
                raise RuntimeError(f"{contender.setup} raised {raised}")
        self.started = time.perf_counter() - began

    def execute(self, code: str, *, cell_id: str | None = None, silent: bool = False) -> tuple[str, str]:
        """Return what the code printed and the error that it raised, or empty texts. Raises KernelTooSlow."""
        content = {
            "code": code, "silent": silent, "store_history": not silent, "user_expressions": {},
            "allow_stdin": False, "stop_on_error": False,
        }  # fmt: skip
        named = {} if cell_id is None else {"cellId": cell_id, "cell_id": cell_id, "cell_order": list(self.order)}
        request = self._client.session.msg("execute_request", content, metadata=named)
        self._client.shell_channel.send(request)
        printed, raised = "", ""
        for message in self._messages(request["header"]["msg_id"]):
            if message["msg_type"] == "stream":
                printed += message["content"]["text"]
            elif message["msg_type"] == "error":
                raised = f"{message['content']['ename']}: {message['content']['evalue']}"
        self._client.get_shell_msg(timeout=CELL_SECONDS)
        return printed, raised

    def _messages(self, identity: str) -> Iterator[dict[str, Any]]:
        """What the kernel publishes for one request, until it is idle."""
        deadline = time.monotonic() + CELL_SECONDS
        while time.monotonic() < deadline:
            try:
                message = self._client.get_iopub_msg(timeout=1)
            except Empty:
                if not self._manager.is_alive():
                    raise RuntimeError("the kernel died") from None
                continue
            if message["parent_header"].get("msg_id") != identity:
                continue
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return
            yield message
        raise KernelTooSlow(f"no end after {CELL_SECONDS:.0f} s")

    @property
    def cpu(self) -> float:
        """Seconds that all threads of the kernel have worked so far."""
        return time.clock_gettime((~self._pid << 3) | 2)  # the process's clock, as clock_getcpuclockid(3) makes it

    @property
    def peak_megabytes(self) -> float:
        """The most memory that the kernel has held so far."""
        lines = Path(f"/proc/{self._pid}/status").read_text(encoding="utf-8").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024

    def stop(self) -> None:
        """End the kernel."""
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)


@contextmanager
def running(python: Path, contender: Contender, path: Path | None) -> Iterator[Kernel]:
    """A kernel in an empty folder, for as long as the block lasts. `path` is put before its sys.path."""
    with tempfile.TemporaryDirectory(prefix="prodkit-cost-") as folder:
        kernel = Kernel(python, contender, path=path, folder=Path(folder))
        try:
            yield kernel
        finally:
            kernel.stop()


def measure(python: Path, contender: Contender, workload: Workload, path: Path | None) -> Costs:
    """Run the workload in a new kernel; `path` is put before its sys.path."""
    costs = Costs()
    with running(python, contender, path) as kernel:
        if workload.data is not None:
            for file in workload.data.iterdir():
                (kernel.cwd / file.name).symlink_to(file.resolve())
        costs.start_wall, costs.start_cpu = kernel.started, kernel.cpu
        sources = [*workload.before, *workload.cells]
        kernel.order = [f"c{place}" for place in range(len(sources))]
        for cell_id, source in zip(kernel.order, sources, strict=True):
            cpu, began = kernel.cpu, time.perf_counter()
            _, raised = kernel.execute(source, cell_id=cell_id)
            costs.wall.append(time.perf_counter() - began)
            costs.cpu.append(kernel.cpu - cpu)
            costs.raised += bool(raised)
        costs.megabytes = kernel.peak_megabytes
    uncounted = len(workload.before)
    costs.imports = costs.wall[:uncounted]
    costs.wall, costs.cpu = costs.wall[uncounted:], costs.cpu[uncounted:]
    return costs
