"""The messages between the sidebar and the kernel, version 3; `labextension/src/protocol.ts` is generated from them.

Two comms carry them. On `prodkit_rpc` the front end sends a `Request` and gets one `Reply` with the same `id`.
On `prodkit_events` the kernel pushes `Event`s; nothing is ever sent the other way, but for `{"client": …}` in the
opening: under which session the same page sends what its user runs. They are kept apart because
ipykernel 7.4 parks every later message of a comm behind the running cell once that cell has pushed on it.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from jupyter_prodkit.check.report import Report
from jupyter_prodkit.export.previewing import PreviewedFile
from jupyter_prodkit.faces.comm_targets import EVENTS_TARGET, RPC_TARGET

__all__ = [
    "EVENTS_TARGET",
    "PROTOCOL_VERSION",
    "RPC_TARGET",
    "Event",
    "Reply",
    "Request",
]

PROTOCOL_VERSION = 3
"""Goes up with each change that a half without it could stumble over; `hello` and `welcome` stay readable for both."""


class PageCell(msgspec.Struct, frozen=True, kw_only=True):
    """One cell as it stands in the front end."""

    cell_id: str
    kind: Literal["code", "markdown", "raw"]
    source: str
    tags: tuple[str, ...] = ()
    execution_count: int | None = None


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """The notebook as it stands in the front end."""

    path: str
    """As the front end knows it, relative to the server's root."""
    cells: tuple[PageCell, ...]


class Earlier(msgspec.Struct, frozen=True, kw_only=True):
    """What the notebook keeps of what ran in kernels before this one."""

    record: dict[str, Any]
    """As a `report` reply gave it; only the kernel side reads it."""
    unchanged: tuple[str, ...]
    """The cells that still show what they showed when it was kept."""


class OptionForm(msgspec.Struct, frozen=True, kw_only=True):
    """One option of a step, as a form field."""

    name: str
    kind: Literal["text", "flag", "number", "choice", "model"]
    """`model` is a name in the kernel that holds something with a `predict` method."""
    help: str
    default: str | int | float | bool | None = None
    required: bool = False
    choices: tuple[str, ...] = ()


class StepForm(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the journey, as a section of the panel."""

    name: str
    """For example `lock`; the magic is `%prodlock`."""
    title: str
    summary: str
    """One sentence: what the step does."""
    options: tuple[OptionForm, ...]


class StepDrift(msgspec.Struct, frozen=True, kw_only=True):
    """How the notebook, and what a step left of it, have moved apart since."""

    cells: tuple[str, ...]
    """What has changed in the notebook: `cell 3`."""
    files: tuple[str, ...]
    """Files that were edited by hand."""


class StepState(msgspec.Struct, frozen=True, kw_only=True):
    """Where one step stands."""

    name: str
    state: Literal["never", "done", "stale", "running"]
    text: str
    """In words: `not done yet`, `27 packages, done at …`, `out of date: the code has changed since`."""
    done_at: str | None = None
    drift: StepDrift | None = None
    """None where both sides are as they were."""


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """What can be done with a fact's value."""

    kind: Literal["folder", "page", "copy"]
    target: str
    """A path relative to the notebook's folder, an address, or the text to copy."""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a step's result."""

    label: str
    value: str
    link: Link | None = None


class StepResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a step did."""

    step: str
    summary: str
    facts: tuple[Fact, ...] = ()
    warnings: tuple[str, ...] = ()
    ready: bool = True
    """False where it did its work and found what keeps the notebook from going on: the check's blockers."""


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """What can be done about a finding with one click."""

    finding: int
    """The finding's place in the report."""
    kind: Literal["seed", "parameter", "export", "ignore"]
    """The first two edit code (`mend` gives the edits); the others are marks for the front end to set."""
    label: str


class Marking(msgspec.Struct, frozen=True, kw_only=True):
    """Cells that want only a mark for a step to go on."""

    label: str
    mark: Literal["export"]
    cell_ids: tuple[str, ...]


class EditedCell(msgspec.Struct, frozen=True, kw_only=True):
    """One cell as a fix leaves it."""

    cell_id: str
    """For a new cell the id that it is to get."""
    source: str
    is_new: bool = False
    below: str | None = None
    """The cell that a new one goes below; null for the top of the page."""
    tags: tuple[str, ...] = ()
    """Of a new cell."""


class ValueFlow(msgspec.Struct, frozen=True, kw_only=True):
    """Values that flow from one cell into another; in page order, unless the writer stands below its reader."""

    writer: str
    reader: str
    names: tuple[str, ...]


class StrayRead(msgspec.Struct, frozen=True, kw_only=True):
    """A cell reads a name that no cell on the page makes."""

    name: str
    reader: str


# --- requests ---------------------------------------------------------------------------------------------------


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="hello"):
    """First message on a comm: which protocol the front end speaks."""

    id: int
    version: int


class Check(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="check"):
    """Judge the page as it stands; also tells the kernel what the page is."""

    id: int
    page: Page
    earlier: Earlier | None = None
    """With the first check after a kernel has started."""


class States(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="states"):
    """Where each step stands, and which names could be pushed as a model."""

    id: int
    page: Page


class RunStep(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="run"):
    """Start a step in the background; progress, result and error come as events with the same `job`."""

    id: int
    step: str
    options: dict[str, Any]
    page: Page


class PlanStep(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="plan"):
    """Say what a step would do; the answer comes as a `planned` event with the same `job`, for it may take a look."""

    id: int
    step: str
    options: dict[str, Any]
    page: Page


class Cancel(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="cancel"):
    """Stop the running step of that `job`."""

    id: int
    job: int


class Restore(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="restore"):
    """Give the cell back that is no longer on the page, as it was in the run that a finding names."""

    id: int
    run: int
    page: Page


class Mend(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="mend"):
    """Give the edits that a fix makes to the page as it stands; the other fields are its finding's."""

    id: int
    fix: Literal["seed", "parameter"]
    cell_id: str
    names: tuple[str, ...]
    because: str
    page: Page


class Flows(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="flows"):
    """Which values flow between the cells of the page."""

    id: int
    page: Page


class Marked(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="marked"):
    """The page says what it did about a `mark` event."""

    id: int
    order: int
    """The event's."""
    cell_ids: tuple[str, ...]
    """Those of its cells that are now as it wants them."""
    is_read_only: bool = False
    """The page can't be changed."""


Request = Hello | Check | States | PlanStep | RunStep | Cancel | Restore | Mend | Flows | Marked


# --- replies ----------------------------------------------------------------------------------------------------


class WelcomeReply(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="welcome"):
    """The kernel side is there, and which protocol it speaks; the front end says so where that is another."""

    id: int
    version: int
    package_version: str
    steps: tuple[StepForm, ...]
    """None for a front end of another version, which could not read them."""


class ReportReply(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="report"):
    """The check's report."""

    id: int
    report: Report
    fixes: tuple[Fix, ...] = ()


class StatesReply(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="states"):
    """Where each step stands."""

    id: int
    states: tuple[StepState, ...]
    models: tuple[str, ...] = ()
    kept: dict[str, Any] | None = None
    """What to keep with the notebook until the next kernel; null where what it keeps stands. Its `runs` name cells.

    It comes here and not with the report, which does not wait for it.
    """


class StartedReply(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="started"):
    """The step (or its cancel) is under way."""

    id: int
    job: int


class RestoredReply(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="restored"):
    """A cell that is no longer on the page, for the front end to put back."""

    id: int
    cell_id: str
    source: str
    execution_count: int | None
    below: str | None
    """The cell to put it below; null for the top of the page."""


class EditedReply(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="edited"):
    """The cells as a fix leaves them, for the front end to change as one edit that can be undone."""

    id: int
    cells: tuple[EditedCell, ...]


class FlowsReply(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="flows"):
    """What flows where."""

    id: int
    flows: tuple[ValueFlow, ...]
    strays: tuple[StrayRead, ...]


class NotedReply(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="noted"):
    """What the front end told has been heard."""

    id: int


class ErrorReply(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="error"):
    """The request could not be answered."""

    id: int
    message: str
    hint: str = ""


Reply = (
    WelcomeReply
    | ReportReply
    | StatesReply
    | StartedReply
    | RestoredReply
    | EditedReply
    | FlowsReply
    | NotedReply
    | ErrorReply
)


# --- events -----------------------------------------------------------------------------------------------------


class Executed(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="executed"):
    """Code has run in the kernel; the last report may be out of date."""

    cell_id: str | None = None


class StepProgress(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="progress"):
    """A running step says what it does."""

    job: int
    step: str
    message: str
    fraction: float | None = None
    log: bool = False
    """True for a line that an outside tool printed."""


class StepPlanned(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="planned"):
    """What a step would do, or why it can't be done yet."""

    job: int
    step: str
    summary: str
    details: tuple[str, ...] = ()
    question: str | None = None
    """What the user should say yes to first."""
    blocked: bool = False
    """Whether it can't be done; `summary` then says why, and `hint` what to do."""
    hint: str = ""
    marking: Marking | None = None
    """What one click does about that."""
    files: tuple[PreviewedFile, ...] = ()
    """What would be written, file by file; empty where the step does not say."""


class StepAsks(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="asks"):
    """A step did nothing, as it needs a yes first: run it again with the option `yes`."""

    job: int
    step: str
    question: str


class StepDone(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="done"):
    """A step ended well."""

    job: int
    result: StepResult
    report: Report | None = None
    """Of a check, the whole of what it found; it may have looked closer than the check that follows each run."""
    fixes: tuple[Fix, ...] = ()


class StepFailed(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="failed"):
    """A step ended with an error, or was stopped."""

    job: int
    step: str
    message: str
    hint: str = ""
    cancelled: bool = False
    marking: Marking | None = None
    """What one click does about it."""


class RunCells(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="repair"):
    """Run these cells in this order after what is running now, and stop at the first error; told to one page only."""

    cell_ids: tuple[str, ...]


class MarkCells(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="mark"):
    """Mark these cells as the panel would, and say so with `marked`; told to one page only."""

    order: int
    mark: Literal["step", "export", "parameters", "ignore", "none"]
    """`none` takes every mark away."""
    name: str
    """Of the step or the module; empty where it has none."""
    cell_ids: tuple[str, ...]


Event = Executed | StepProgress | StepPlanned | StepAsks | StepDone | StepFailed | RunCells | MarkCells
