"""The kernel's end of the two comms: answers the panel's requests and pushes events to it.

Handlers may run on a subshell's thread while a cell runs: they read snapshots, and reach the user's objects only
through `Session.on_main_thread`, from a step's own thread (`faces/jobs.py`).
"""

from __future__ import annotations

import itertools
import logging
import threading
from dataclasses import dataclass
from typing import Any

import msgspec

from jupyter_prodkit.errors import ProdkitError, ProtocolError
from jupyter_prodkit.faces import protocol as wire
from jupyter_prodkit.faces.jobs import Jobs
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.session.session import Session

__all__ = ["Channel"]

_log = logging.getLogger("jupyter_prodkit")


class Channel:
    """Responsibilities: decode requests and answer each; push events to every page that listens."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._listeners: list[_Listener] = []
        self._lock = threading.Lock()
        self._joined = threading.Condition(self._lock)
        self._jobs = Jobs(session, self.push)
        self._orders = itertools.count(1)
        self._answers: dict[int, wire.Marked] = {}

    # -- comms ----------------------------------------------------------------------------------------------------

    def accept_requests(self, comm: Any, _: Any) -> None:
        """Answer what comes in on this comm."""

        @comm.on_msg  # type: ignore[untyped-decorator]
        def receive(message: Any) -> None:
            comm.send(msgspec.to_builtins(self.answer(message["content"]["data"])))

    def accept_listener(self, comm: Any, opening: Any) -> None:
        """Push events to this comm until it closes."""
        listener = _Listener(comm, _client(opening))
        with self._joined:
            self._listeners.append(listener)
            self._joined.notify_all()

        @comm.on_close  # type: ignore[untyped-decorator]
        def forget(_: Any) -> None:
            with self._lock:
                self._listeners.remove(listener)

    def tell_executed(self, cell_id: str | None) -> None:
        """Push that a cell has run."""
        self.push(wire.Executed(cell_id=cell_id))

    def push(self, event: wire.Event) -> None:
        """Send `event` to every front end that listens."""
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener.comm.send(msgspec.to_builtins(event))

    def hand_over(self, event: wire.Event, client: str | None, *, patience: float) -> bool:
        """Send `event` to the one page that is `client`, else to the one that has listened least long.

        Waits for `patience` seconds for a page that is just about to listen. Returns False where none does.
        """
        with self._joined:
            self._joined.wait_for(lambda: self._chosen(client, settle=client is None), timeout=patience)
            listener = self._chosen(client, settle=True)
        if listener is None:
            return False
        listener.comm.send(msgspec.to_builtins(event))
        return True

    def next_order(self) -> int:
        """Return the number of the next order that a page is to answer."""
        return next(self._orders)

    def answer_to(self, order: wire.MarkCells, *, patience: float) -> wire.Marked | None:
        """Return what the page says of an order that was handed over, None where it has not in `patience` seconds.

        Where requests wait for the running cell (ipykernel 6), it can't.
        """
        with self._joined:
            self._joined.wait_for(lambda: order.order in self._answers, timeout=patience)
            return self._answers.pop(order.order, None)

    def _chosen(self, client: str | None, *, settle: bool) -> _Listener | None:
        """The page of that client; if we `settle` for it, the latest of any."""
        own = [listener for listener in self._listeners if client is not None and listener.client == client]
        others = self._listeners if settle else []
        return next(iter([*reversed(own), *reversed(others)]), None)

    # -- requests -------------------------------------------------------------------------------------------------

    def answer(self, data: Any) -> wire.Reply:
        """Return the reply to one request; a request that can't be answered gets an error reply, never silence."""
        number = data.get("id", 0) if isinstance(data, dict) and isinstance(data.get("id"), int) else 0
        try:
            request = _decode(data)
            return self._reply(request)
        except ProdkitError as error:
            return wire.ErrorReply(id=number, message=error.message, hint=error.hint)
        except Exception as error:  # noqa: BLE001 - the edge: the panel must hear of every failure
            _log.exception("a request from the panel failed")
            return wire.ErrorReply(id=number, message=f"{type(error).__name__}: {error}", hint="This is a bug of ours.")

    def _reply(self, request: wire.Request) -> wire.Reply:
        if isinstance(request, wire.Hello):
            return self._welcome(request)
        if isinstance(request, wire.Check):
            return self._check(request)
        if isinstance(request, wire.States):
            return self._states(request)
        if isinstance(request, wire.Marked):
            return self._hear(request)
        if isinstance(request, (wire.PlanStep, wire.RunStep, wire.Cancel)):
            return self._job(request)
        return self._about_the_page(request)

    def _about_the_page(self, request: wire.Restore | wire.Mend | wire.Flows) -> wire.Reply:
        if isinstance(request, wire.Restore):
            return self._restore(request)
        return self._mend(request) if isinstance(request, wire.Mend) else self._flows(request)

    def _hear(self, answer: wire.Marked) -> wire.Reply:
        with self._joined:
            self._answers = {answer.order: answer}  # one is awaited at most; what came too late is nobody's
            self._joined.notify_all()
        return wire.NotedReply(id=answer.id)

    def _welcome(self, request: wire.Hello) -> wire.Reply:
        from jupyter_prodkit import __version__
        from jupyter_prodkit.faces.arguments import step_form
        from jupyter_prodkit.faces.journey import STEPS

        return wire.WelcomeReply(
            id=request.id,
            version=wire.PROTOCOL_VERSION,
            package_version=__version__,
            steps=tuple(step_form(step) for step in STEPS) if request.version == wire.PROTOCOL_VERSION else (),
        )

    def _check(self, request: wire.Check) -> wire.Reply:
        from jupyter_prodkit.check.report import Report
        from jupyter_prodkit.faces.journey import gather, step_named
        from jupyter_prodkit.faces.mending import fixes_of

        notebook = self._take_page(request.page)
        if request.earlier is not None:
            self._session.recall(request.earlier.record, request.earlier.unchanged)
        step = step_named("check")
        inputs = gather(notebook, step.options(), self._session)
        report = step.run(step.plan(inputs, step.options()), Progress()).document
        assert isinstance(report, Report)
        return wire.ReportReply(id=request.id, report=report, fixes=fixes_of(report, notebook))

    def _mend(self, request: wire.Mend) -> wire.Reply:
        from jupyter_prodkit.faces.mending import edits

        return wire.EditedReply(id=request.id, cells=edits(request, self._take_page(request.page)))

    def _flows(self, request: wire.Flows) -> wire.Reply:
        from jupyter_prodkit.faces.flowing import drawn_flows

        flows, strays = drawn_flows(self._take_page(request.page).cells)
        return wire.FlowsReply(id=request.id, flows=flows, strays=strays)

    def _job(self, request: wire.PlanStep | wire.RunStep | wire.Cancel) -> wire.Reply:
        if isinstance(request, wire.Cancel):
            self._jobs.cancel(request.job)
            return wire.StartedReply(id=request.id, job=request.job)
        begin = self._jobs.plan if isinstance(request, wire.PlanStep) else self._jobs.run
        job = begin(request.step, request.options, self._take_page(request.page))
        return wire.StartedReply(id=request.id, job=job)

    def _restore(self, request: wire.Restore) -> wire.Reply:
        from jupyter_prodkit.check.restoring import deleted_cell

        notebook = self._take_page(request.page)
        cell = deleted_cell(request.run, notebook, self._session.timeline, self._session.places)
        return wire.RestoredReply(
            id=request.id,
            cell_id=cell.cell_id,
            source=cell.source,
            execution_count=cell.execution_count,
            below=cell.below,
        )

    def _states(self, request: wire.States) -> wire.Reply:
        from jupyter_prodkit.faces.journey import step_states

        notebook = self._take_page(request.page)
        states = step_states(notebook)
        name = self._jobs.running
        if name is not None:
            busy = wire.StepState(name=name, state="running", text="running")
            states = tuple(busy if state.name == name else state for state in states)
        models = tuple(sorted(self._session.timeline.models))
        return wire.StatesReply(
            id=request.id, states=states, models=models, kept=self._session.to_keep(notebook)
        )

    def _take_page(self, page: wire.Page) -> Notebook:
        cells = tuple(
            Cell(cell.cell_id, index, cell.kind, cell.source, cell.tags, cell.execution_count)
            for index, cell in enumerate(page.cells)
        )
        return self._session.set_page(
            Notebook(self._session.folder / page.path.rpartition("/")[2], cells, from_file=False)
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Listener:
    """A page that hears events."""

    comm: Any
    client: str | None
    """The session under which the page sends what its user runs; None where it did not say."""


def _client(opening: Any) -> str | None:
    try:
        client = opening["content"]["data"]["client"]
    except (KeyError, TypeError):
        return None
    return client if isinstance(client, str) else None


def _decode(data: Any) -> wire.Request:
    try:
        request: wire.Request = msgspec.convert(data, wire.Request)
    except msgspec.ValidationError as error:
        raise ProtocolError(f"The kernel doesn't know this request: {error}.", "Reload the page.") from error
    return request
