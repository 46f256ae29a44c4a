"""Running a blocking function without blocking the event loop, and giving up on one that hangs.

Each call gets a daemon thread of its own, so a hung tool neither exhausts a pool nor keeps the process from
ending. What can be stopped: a thread that executes Python bytecode is stopped at its next instruction by an
injected exception. What cannot: a thread blocked in C (a socket without timeout, `time.sleep`, a lock, a long
`re` match) runs on unseen until that call returns; its result is thrown away. Code that must be killable
belongs in a process: see `coterie.tools.sandbox`.
"""

import asyncio
import contextvars
import ctypes
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

T = TypeVar("T")


class Abandoned(BaseException):
    """Raised inside a tool's thread when nobody waits for it any more."""


class ToolExit(Exception):
    """A tool called sys.exit() or raised KeyboardInterrupt itself: an error of the tool, not an order to us."""


async def run_in_thread(function: Callable[[], T], name: str) -> T:
    """The function's result, from a thread of its own; cancelling the caller abandons the thread."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    context = contextvars.copy_context()

    def work() -> None:
        with suppress(Abandoned):
            settle()

    def settle() -> None:
        try:
            value = context.run(function)
        except Abandoned:
            raise
        except Exception as error:
            _post(loop, future, partial(future.set_exception, _settable(error)))
        except BaseException as error:
            _post(loop, future, partial(future.set_exception, ToolExit(f"{type(error).__name__}: {error}")))
        else:
            _post(loop, future, partial(future.set_result, value))

    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    try:
        return await future
    except asyncio.CancelledError:
        _interrupt(thread)
        raise


def _settable(error: Exception) -> Exception:
    return RuntimeError(f"StopIteration: {error}") if isinstance(error, StopIteration) else error


def _post(loop: asyncio.AbstractEventLoop, future: "asyncio.Future[T]", settle: Callable[[], object]) -> None:
    def unless_settled() -> None:
        if not future.done():
            settle()

    try:
        loop.call_soon_threadsafe(unless_settled)
    except RuntimeError:
        return  # the loop has closed: nobody waits for this result


def _interrupt(thread: threading.Thread) -> None:
    if thread.ident is not None and thread.is_alive():
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(Abandoned))
