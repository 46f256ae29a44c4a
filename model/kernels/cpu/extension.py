"""The compiled library, loaded once per process, and the instruction set it runs on."""

import ctypes
import functools
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

ISA_NAMES = {1: "avx2", 2: "avx512", 3: "avx512_vnni", 4: "avx512_bf16", 5: "amx"}
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
        *(pointer, int64, pointer, pointer, int64),
        *(int32, int32, pointer, pointer, pointer),
        *(int32, int32, int32),
    ]
    loaded.coterie_linear.argtypes = [pointer, pointer, pointer, int64, int32, int32, int32, int32]
    return loaded


@functools.cache
def forward() -> Forward:
    """`coterie_moe_forward` of moe.h, resolved once."""
    function: Forward = library().coterie_moe_forward
    return function


@functools.cache
def product() -> Forward:
    """`coterie_linear` of moe.h, resolved once."""
    function: Forward = library().coterie_linear
    return function


@functools.cache
def usable() -> list[str]:
    """The instruction sets compiled in that this process may use, weakest first."""
    sets = int(library().coterie_moe_sets())
    return [name for number, name in ISA_NAMES.items() if sets >> number & 1]


@functools.cache
def has_pool() -> bool:
    """Whether layers can run on several threads: the process has GNU OpenMP's pool, as torch on Linux does."""
    return bool(library().coterie_moe_has_pool())


@functools.cache
def isa() -> int:
    """The instruction set in use, by its number in moe.h: `$COTERIE_CPU_ISA` when set, else the strongest usable."""
    wanted = os.environ.get("COTERIE_CPU_ISA")
    if wanted and wanted not in usable():
        raise KernelUnavailable(
            f"COTERIE_CPU_ISA is {wanted!r}; usable here: {usable()}; unset it or set COTERIE_KERNELS=vllm"
        )
    if not usable():
        raise KernelUnavailable("no instruction set to run on: AVX2 with FMA is the least; set COTERIE_KERNELS=vllm")
    return next(number for number, name in ISA_NAMES.items() if name == (wanted or usable()[-1]))


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
