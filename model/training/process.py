"""How the threads of a training process wait and where its memory lies, read from the environment at its start.

Two libraries multiply in turn, torch's and numpy's OpenBLAS, and each has a thread on every core. Those of the one spin
after their work while those of the other have begun: a fifth of two cores' time went there. So both sleep soon
(docs/experiments.md, 32). And what a step frees is kept by the process, where the system would have to clear the same
pages for every tensor. What the caller has set stays.
"""

import os
import sys
from collections.abc import Mapping

SETTINGS = {
    "OMP_WAIT_POLICY": "passive",
    "GOMP_SPINCOUNT": "1000",
    "OPENBLAS_THREAD_TIMEOUT": "4",  # 2^4 clock ticks
    "MALLOC_MMAP_THRESHOLD_": str(1 << 32),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 32),
}


def settle() -> None:
    """Begin this process anew with the settings that it lacks; call it before torch or numpy are loaded."""
    settled = with_settings(os.environ)
    if settled != dict(os.environ):
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], settled)


def with_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with ours where it has none."""
    return SETTINGS | dict(environment)
