"""What `%load_ext jupyter_prodkit` does in a kernel: one session, its magics, and the comms for the panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_prodkit.session.session import Session

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from jupyter_prodkit.faces.channel import Channel
    from jupyter_prodkit.faces.comm_targets import CommTargets

__all__ = ["channel_of", "load", "session_of", "unload"]

_ATTRIBUTE = "_jupyter_prodkit_session"
_TARGETS = "_jupyter_prodkit_targets"


def session_of(shell: InteractiveShell) -> Session | None:
    """Return the session that tracks `shell`, or None where none does."""
    session = getattr(shell, _ATTRIBUTE, None)
    return session if isinstance(session, Session) else None


def channel_of(shell: InteractiveShell) -> Channel | None:
    """Return the kernel's end of the comms, or None in a shell that has none: a terminal."""
    targets: CommTargets | None = getattr(shell, _TARGETS, None)
    return None if targets is None else targets.channel


def load(shell: InteractiveShell) -> None:
    """Track `shell` and give it the magics; does nothing when that is done already."""
    if session_of(shell) is not None:
        return
    from jupyter_prodkit.faces.magics import register_magics

    session = Session(shell)
    session.start()
    setattr(shell, _ATTRIBUTE, session)
    register_magics(shell, session)
    if getattr(shell, "kernel", None) is not None:
        from jupyter_prodkit.faces.comm_targets import CommTargets

        targets = CommTargets(session)
        targets.register()
        setattr(shell, _TARGETS, targets)


def unload(shell: InteractiveShell) -> None:
    """Stop tracking `shell` and take its magics away."""
    session = session_of(shell)
    if session is None:
        return
    from jupyter_prodkit.faces.magics import unregister_magics

    session.stop()
    unregister_magics(shell)
    for attribute in (_ATTRIBUTE, _TARGETS):
        if hasattr(shell, attribute):
            delattr(shell, attribute)
