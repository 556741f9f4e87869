"""The two comm targets of a kernel: there from the start, while what answers on them is loaded with the first page."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from jupyter_prodkit.session.session import Session

if TYPE_CHECKING:
    from jupyter_prodkit.faces.channel import Channel

__all__ = ["EVENTS_TARGET", "RPC_TARGET", "CommTargets"]

RPC_TARGET = "prodkit_rpc"
EVENTS_TARGET = "prodkit_events"


class CommTargets:
    """Registers the targets, and makes the channel behind them when a page connects or somebody asks for it.

    A kernel without a page (another editor's, a scheduled run's) then holds a third fewer objects of ours, all of which
    Python's garbage collector would walk over with the user's.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._channel: Channel | None = None

    def register(self) -> None:
        """Register both with this kernel."""
        from comm import get_comm_manager

        manager: Any = get_comm_manager()
        manager.register_target(RPC_TARGET, self._accept_requests)
        manager.register_target(EVENTS_TARGET, self._accept_listener)

    @property
    def channel(self) -> Channel:
        """The kernel's end of the comms; may be asked for by any thread."""
        with self._lock:
            if self._channel is None:
                from jupyter_prodkit.faces.channel import Channel

                self._channel = Channel(self._session)
                self._session.on_executed(self._channel.tell_executed)
            return self._channel

    def _accept_requests(self, comm: Any, opening: Any) -> None:
        self.channel.accept_requests(comm, opening)

    def _accept_listener(self, comm: Any, opening: Any) -> None:
        self.channel.accept_listener(comm, opening)
