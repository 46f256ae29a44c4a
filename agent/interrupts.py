"""Ctrl-C: the first ends the run and keeps what there is, the second ends the process at once."""

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from coterie.agent.errors import Stopped

T = TypeVar("T")
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """A request to end a run. Made in the task that runs it; a run that is not under way yet is cancelled."""

    def __init__(self) -> None:
        self._requested = asyncio.Event()
        self._heeded = False
        self._task = asyncio.current_task()

    def request(self) -> None:
        """Ask the run to end now."""
        self._requested.set()
        if not self._heeded and self._task is not None:
            self._task.cancel()

    @property
    def requested(self) -> bool:
        """Whether somebody asked."""
        return self._requested.is_set()

    async def wait(self) -> None:
        """Return when somebody asks; from the first call on, the waiter does the ending."""
        self._heeded = True
        await self._requested.wait()


async def stoppable(work: Callable[[Stop], Awaitable[T]]) -> T:
    """Do the work under a Stop that Ctrl-C and SIGTERM request. Raises Stopped if it had not really begun."""
    stop = Stop()
    with _requested_by_signals(stop):
        try:
            return await work(stop)
        except asyncio.CancelledError:
            if stop.requested:
                raise Stopped("stopped before the run began; nothing was done") from None
            raise


@contextmanager
def _requested_by_signals(stop: Stop) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # only the main thread may handle signals
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def first() -> None:
        stop.request()
        for number in SIGNALS:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)

    for number in SIGNALS:
        loop.add_signal_handler(number, first)
    try:
        yield
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)
