"""Compiles the CPU extension with the C++ compiler at hand: `python -m coterie.model.kernels.cpu.build`.

Once per source text and compiler, into the data home; a lock keeps processes from building twice and the finished
library is renamed into place, so a reader never sees half of one. An instruction set that the compiler does not know is
left out with a warning. Without a compiler a library that was built here before still serves.
"""

import fcntl
import hashlib
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from coterie.model.location import data_home

log = logging.getLogger(__name__)

SOURCES = Path(__file__).parent
FLAGS = [
    "-O3",
    "-std=c++17",
    "-fPIC",
    "-fvisibility=hidden",
    "-ffp-contract=off",
    "-fno-math-errno",
    "-fno-trapping-math",
]
AVX512 = ["-mavx2", "-mfma", "-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mprefer-vector-width=512"]
DISPATCH = "dispatch"
SETS: dict[str, list[str]] = {
    "isa_avx2": ["-mavx2", "-mfma"],
    "isa_avx512": AVX512,
    "isa_avx512_vnni": [*AVX512, "-mavx512vnni"],
    "isa_avx512_bf16": [*AVX512, "-mavx512vnni", "-mavx512bf16"],
    "isa_amx": [*AVX512, "-mavx512vnni", "-mamx-tile", "-mamx-bf16", "-mamx-int8"],
}


class BuildFailed(RuntimeError):
    """No compiler, or it failed; the message has its output and the way out."""


def _sources_digest() -> str:
    digest = hashlib.sha256(repr((FLAGS, SETS)).encode())
    for source in sorted(SOURCES.glob("*.[chp]*")):
        if source.suffix in {".cpp", ".hpp", ".h"}:
            digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def find_compiler() -> str:
    """`$CXX`, g++, c++ or clang++."""
    for name in filter(None, [os.environ.get("CXX"), "g++", "c++", "clang++"]):
        if found := shutil.which(name):
            return found
    raise BuildFailed("no C++ compiler found (tried $CXX, g++, c++, clang++); install one or set COTERIE_KERNELS=vllm")


def build() -> Path:
    """The library's path, compiling it first when it is not there. Raises BuildFailed."""
    folder, name = data_home() / "kernels", f"moe-{_sources_digest()}"
    try:
        compiler = find_compiler()
    except BuildFailed:
        if built := sorted(folder.glob(f"{name}-*.so")):
            return built[0]
        raise
    version = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True, timeout=30).stdout
    library = folder / f"{name}-{hashlib.sha256(version.encode()).hexdigest()[:8]}.so"
    if library.exists():
        return library
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "build.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not library.exists():
            _compile(compiler, library)
    return library


def _compile(compiler: str, library: Path) -> None:
    with tempfile.TemporaryDirectory(dir=library.parent) as folder, ThreadPoolExecutor(2) as pool:
        sets = list(pool.map(lambda name: _set_object(compiler, name, Path(folder)), SETS))
        objects = [_object(compiler, DISPATCH, [], Path(folder)), *filter(None, sets)]
        linked = Path(folder) / "moe.so"
        _run([compiler, "-shared", "-o", str(linked), *objects, "-ldl"])
        linked.replace(library)


def _set_object(compiler: str, name: str, folder: Path) -> str | None:
    """One instruction set, or None with a warning where the compiler cannot compile it."""
    try:
        return _object(compiler, name, SETS[name], folder)
    except BuildFailed as failure:
        log.warning("the CPU kernels go without %s; a newer compiler builds it: %s", name, failure)
        return None


def _object(compiler: str, unit: str, flags: list[str], folder: Path) -> str:
    target = str(folder / f"{unit}.o")
    _run([compiler, *FLAGS, *flags, "-c", str(SOURCES / f"{unit}.cpp"), "-o", target])
    return target


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise BuildFailed(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}\nset COTERIE_KERNELS=vllm to go without")


if __name__ == "__main__":
    try:
        print(build())
    except BuildFailed as failure:
        sys.exit(str(failure))
