"""One BLAS thread for a while: numpy's OpenBLAS starts a thread on every core, and they wait for one another spinning.

On cores that are shared with a model server two such threads take 50 times as long as one, so small matrix products
are better done by one. The setting is the process's, there is no other: whoever multiplies at the same moment in
another thread has one thread as well. A numpy over another BLAS is left as it is.
"""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from threading import RLock
from typing import NamedTuple

import numpy as np

# As numpy's wheels name them, with 64-bit integers or 32-bit ones, and as distributions do.
_NAMES = (
    "scipy_openblas_{}_num_threads64_",
    "scipy_openblas_{}_num_threads",
    "openblas_{}_num_threads64_",
    "openblas_{}_num_threads",
)
_turn = RLock()


class _Threads(NamedTuple):
    """The two functions of one library."""

    get: Callable[[], int]
    set: Callable[[int], None]


@contextmanager
def one_thread() -> Iterator[None]:
    """Let numpy multiply with one thread inside the block; blocks in several threads take turns."""
    with _turn:
        before = [(library, library.get()) for library in _libraries()]
        for library, _ in before:
            library.set(1)
        try:
            yield
        finally:
            for library, count in before:
                library.set(count)


def num_threads() -> list[int]:
    """How many threads each OpenBLAS of this process has."""
    return [library.get() for library in _libraries()]


@cache
def _libraries() -> tuple[_Threads, ...]:
    np.dot(np.ones(1), np.ones(1))  # by now it is loaded
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        paths = {line.split(maxsplit=5)[-1].strip() for line in maps if "openblas" in line}
    return tuple(found for path in sorted(paths) if (found := _threads(path)) is not None)


def _threads(path: str) -> _Threads | None:
    library = ctypes.CDLL(path)
    for name in _NAMES:
        if hasattr(library, name.format("set")):
            return _Threads(getattr(library, name.format("get")), getattr(library, name.format("set")))
    return None
