"""Compiles the CPU extension with the C++ compiler at hand: `python -m coterie.model.kernels.cpu.build`.

Once per source text and compiler, into the data home; a lock keeps processes from building twice and the finished
library is renamed into place, so a reader never sees half of one.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from coterie.model.location import data_home

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
UNITS: dict[str, list[str]] = {
    "dispatch": [],
    "isa_avx2": ["-mavx2", "-mfma"],
    "isa_avx512": AVX512,
    "isa_avx512_bf16": [*AVX512, "-mavx512vnni"],
    "isa_amx": [*AVX512, "-mavx512bf16", "-mavx512vnni", "-mamx-tile", "-mamx-bf16", "-mamx-int8"],
}


class BuildFailed(RuntimeError):
    """No compiler, or it failed; the message has its output and the way out."""


def library_path(compiler: str) -> Path:
    """Where this source's library belongs; the name changes with the sources, flags and compiler."""
    version = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True, timeout=30).stdout
    digest = hashlib.sha256(repr((FLAGS, UNITS, version)).encode())
    for source in sorted(SOURCES.glob("*.[chp]*")):
        if source.suffix in {".cpp", ".hpp", ".h"}:
            digest.update(source.read_bytes())
    return data_home() / "kernels" / f"moe-{digest.hexdigest()[:16]}.so"


def find_compiler() -> str:
    """`$CXX`, g++, c++ or clang++."""
    for name in filter(None, [os.environ.get("CXX"), "g++", "c++", "clang++"]):
        if found := shutil.which(name):
            return found
    raise BuildFailed("no C++ compiler found (tried $CXX, g++, c++, clang++); install one or set COTERIE_KERNELS=vllm")


def build() -> Path:
    """The library's path, compiling it first when it is not there. Raises BuildFailed."""
    compiler = find_compiler()
    library = library_path(compiler)
    if library.exists():
        return library
    library.parent.mkdir(parents=True, exist_ok=True)
    with open(library.parent / "build.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not library.exists():
            _compile(compiler, library)
    return library


def _compile(compiler: str, library: Path) -> None:
    with tempfile.TemporaryDirectory(dir=library.parent) as folder, ThreadPoolExecutor(2) as pool:
        objects = list(pool.map(lambda unit: _object(compiler, unit, Path(folder)), UNITS))
        linked = Path(folder) / "moe.so"
        _run([compiler, "-shared", "-o", str(linked), *objects, "-ldl"])
        linked.replace(library)


def _object(compiler: str, unit: str, folder: Path) -> str:
    target = str(folder / f"{unit}.o")
    _run([compiler, *FLAGS, *UNITS[unit], "-c", str(SOURCES / f"{unit}.cpp"), "-o", target])
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
