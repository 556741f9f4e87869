"""Every error a user of jupyter-prodkit can meet, under one root."""

from __future__ import annotations

__all__ = [
    "BuildError",
    "CancelledError",
    "CheckError",
    "ExportError",
    "LockError",
    "MissingDependencyError",
    "NotebookError",
    "ProdkitError",
    "ProjectError",
    "ProtocolError",
    "PushError",
    "ServeError",
    "UsageError",
]


class ProdkitError(Exception):
    """Says what is wrong (`message`) and what to do about it (`hint`); the faces print both, without a traceback."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Return message and hint on two lines, for logs that know only `str`."""
        return f"{self.message}\n{self.hint}" if self.hint else self.message

    def _render_traceback_(self) -> list[str]:
        """Show message and hint where IPython would show a traceback; the cell counts as failed all the same."""
        return str(self).splitlines()


class UsageError(ProdkitError):
    """An option is unknown, missing or of the wrong kind."""


class NotebookError(ProdkitError):
    """The notebook can't be read, or is not what the step needs."""


class ProjectError(ProdkitError):
    """The project folder can't be written, or is not ours to write."""


class CheckError(ProdkitError):
    """The check can't be carried out."""


class LockError(ProdkitError):
    """The exact versions can't be found out or pinned."""


class ExportError(ProdkitError):
    """The marked cells can't become a package; `to_mark` are the ids of cells that marking `export` would mend it."""

    def __init__(self, message: str, hint: str = "", *, to_mark: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint)
        self.to_mark = to_mark


class PushError(ProdkitError):
    """The model can't be logged or registered."""


class BuildError(ProdkitError):
    """The image can't be built."""


class ServeError(ProdkitError):
    """The service can't be started, reached or stopped."""


class ProtocolError(ProdkitError):
    """A message between front end and kernel is not one that this version knows."""


class CancelledError(ProdkitError):
    """The user stopped the step; nothing it was writing is left behind."""


class MissingDependencyError(ProdkitError):
    """A step needs a package that comes with one of our extras."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"This step needs the package {package!r}, which is not installed here.",
            f'Install it into this environment: pip install "jupyter-prodkit[{extra}]"',
        )
        self.package = package
        self.extra = extra
