"""The compiled library, loaded once per process, and the instruction set it runs on."""

import ctypes
import functools
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

ISA_NAMES = {1: "avx2", 2: "avx512", 3: "avx512_bf16", 4: "amx"}
Forward = Callable[..., int]


class KernelUnavailable(RuntimeError):
    """The CPU kernel cannot be used here; the message says why and what to do."""


@functools.cache
def library() -> ctypes.CDLL:
    """The loaded library; built on first use. torch's thread pool must be in the process first (import torch)."""
    from coterie.model.kernels.cpu.build import BuildFailed, build

    try:
        path: Path = build()
        loaded = ctypes.CDLL(str(path))
    except (BuildFailed, OSError, subprocess.SubprocessError) as failure:
        raise KernelUnavailable(f"the CPU kernel was not built: {failure}") from failure
    pointer, int64, int32 = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int32
    loaded.coterie_moe_forward.argtypes = [
        pointer,
        pointer,
        pointer,
        int64,
        pointer,
        pointer,
        pointer,
        int32,
        int32,
        int32,
    ]
    return loaded


@functools.cache
def forward() -> Forward:
    """`coterie_moe_forward` of moe.h, resolved once."""
    function: Forward = library().coterie_moe_forward
    return function


def best() -> int:
    """The strongest instruction set this process may use, as in moe.h; 0 when there is none."""
    return int(library().coterie_moe_best())


@functools.cache
def isa() -> int:
    """The instruction set in use: `$COTERIE_CPU_ISA` when set, else the best."""
    strongest = best()
    wanted = os.environ.get("COTERIE_CPU_ISA")
    number = {name: n for n, name in ISA_NAMES.items()}.get(wanted, 0) if wanted else strongest
    if not number or number > strongest:
        have = [name for n, name in ISA_NAMES.items() if n <= strongest]
        raise KernelUnavailable(
            f"COTERIE_CPU_ISA is {wanted!r}; this machine has {have}; unset it or COTERIE_KERNELS=vllm"
        )
    return number


def in_use() -> str:
    """The instruction set in use, by name."""
    return ISA_NAMES[isa()]


def available() -> str | None:
    """None when the kernel can run here (building it if need be), else the reason why not."""
    try:
        isa()
    except KernelUnavailable as reason:
        return str(reason)
    return None
