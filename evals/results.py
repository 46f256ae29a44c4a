"""A run on disk: `run.json` says what is being done, `results.jsonl` what is done, one durable line a trial.

    {"event": "begun", "task": "a", "trial": 1, "alone": false}       before a trial
    {"event": "done",  "task": "a", "trial": 1, "status": "passed", ...}  after it, fsynced
    {"event": "released", "task": "a", "trial": 1}                    instead, where the run was stopped in it

After a kill the last line may be torn: it is cut off on opening. The last `done` line of a trial counts. A trial
that was begun and neither done nor released was in flight when the process died; it is run again, alone, and given up
as broken when the process has died in it alone twice. What was given up gets another chance once a process has ended
in order: so a run with several deadly trials comes to its end, and can still be resumed on a better machine.
"""

import fcntl
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

from coterie.evals.suite import FAMILY_TAG
from coterie.memory.records import Episode, Record

TrialStatus = Literal["passed", "failed", "infrastructure", "broken"]
Key = tuple[str, int]
FindEpisode = Callable[[str], Episode | None]
"""The episode of an id, None for one that is gone."""

MAX_DEATHS = 2
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class RunError(ValueError):
    """A run that cannot be opened, resumed or reported; the message says what to do."""


class RunNotFound(RunError):
    """There is no run of that name."""


@dataclass(frozen=True)
class RunHeader(Record):
    """What a run is: all that its scores depend on, beside the agent's randomness."""

    run: str
    suite: str
    digest: str
    tasks: tuple[str, ...]
    trials: int
    seed: int
    reference: str = ""
    """The suite's name or path as it was asked for; with category and limit it finds the same tasks again."""
    category: str | None = None
    limit: int | None = None
    agent: str = "loop"
    agent_digest: str = ""
    """Of the code of an agent of the user's own; empty for ours."""
    model: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
    server: Mapping[str, Any] = field(default_factory=dict)
    """How the local model server was started; empty for another or none."""
    concurrency: int = 1
    version: str = ""
    machine: Mapping[str, Any] = field(default_factory=dict)
    started_at: str = ""


@dataclass(frozen=True)
class Result(Record):
    """One trial's line. `passed` and `failed` are scored; `infrastructure` and `broken` (suite) are not."""

    task: str
    trial: int
    status: TrialStatus
    reasons: tuple[str, ...] = ()
    side_effects: int = 0
    episodes: tuple[str, ...] = ()
    """The trial's episodes in the store, the scored one last."""
    seed: int = 0
    attempts: int = 1
    """0 for a trial that was given up, as the process had died in it."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    tool_calls: int = 0
    model_calls: int = 0
    wall_s: float = 0.0
    model_s: float | None = None
    """Seconds of the model calls, summed; None in a run from before they were kept."""
    tool_s: float | None = None
    """Seconds of the tool calls, summed; None as above."""
    answer: str | None = None
    state_hash: str | None = None
    tags: tuple[str, ...] = ()
    begun_at: str = ""
    ended_at: str = ""
    """When it was in hand, retries and the waits between them included."""

    @property
    def family(self) -> str | None:
        """The template family of its task."""
        return next((tag.removeprefix(FAMILY_TAG) for tag in self.tags if tag.startswith(FAMILY_TAG)), None)

    @property
    def overhead_s(self) -> float | None:
        """Seconds spent neither in the model nor in a tool; too small by as long as calls ran side by side."""
        if self.model_s is None or self.tool_s is None:
            return None
        return max(0.0, self.wall_s - self.model_s - self.tool_s)

    @property
    def scored(self) -> bool:
        """Whether it says something about the agent."""
        return self.status in ("passed", "failed")

    @property
    def key(self) -> Key:
        """Which trial it is."""
        return self.task, self.trial


class Results:
    """The results of one run, open for adding by one process at a time."""

    def __init__(self, folder: Path, header: RunHeader, file: IO[bytes]) -> None:
        self.folder, self.header = folder, header
        self._file = file
        self.done: dict[Key, Result] = {}
        self._deaths: Counter[Key] = Counter()
        self._in_flight: dict[Key, bool] = {}  # whether alone
        for line in _lines(folder / "results.jsonl"):
            self._take(line)
        self.suspects = frozenset(self._in_flight)
        self._deaths.update(self._in_flight)
        if self.suspects:
            self._deaths.update({key: MAX_DEATHS for key, result in self.done.items() if not result.attempts})

    @classmethod
    def create(cls, runs: Path, header: RunHeader) -> "Results":
        """A new run; RunError if there is one of that name. A folder without a header is what a kill left: no run."""
        folder = run_folder(runs, header.run)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            _write_once(folder / "run.json", json.dumps(header.to_json(), indent=1, ensure_ascii=False))
        except FileExistsError:
            raise RunError(f"there is a run {header.run!r} already; resume it or choose another name") from None
        return cls.open(runs, header.run)

    @classmethod
    def open(cls, runs: Path, run: str) -> "Results":
        """An existing run, to go on with; RunError if there is none or another process has it."""
        folder, header = run_folder(runs, run), read_header(runs, run)
        file = (folder / "results.jsonl").open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise RunError(f"run {run!r} is being worked on by another process; wait for it or stop it") from None
        _cut_torn_line(folder / "results.jsonl")
        return cls(folder, header, file)

    def close(self) -> None:
        """Let another process have it."""
        self._file.close()

    def begin(self, key: Key, alone: bool) -> None:
        """Say that a trial starts."""
        self._append({"event": "begun", "task": key[0], "trial": key[1], "alone": alone})

    def add(self, result: Result) -> None:
        """Keep a trial's result; durable when it returns."""
        self._append({"event": "done", **result.to_json()})
        self.done[result.key] = result

    def release(self, key: Key) -> None:
        """Say that a trial was broken off, and that the process did not die of it."""
        self._append({"event": "released", "task": key[0], "trial": key[1]})

    def died_too_often(self, key: Key) -> bool:
        """Whether the process ended in this trial, with no other beside it, MAX_DEATHS times."""
        return self._deaths[key] >= MAX_DEATHS

    def _append(self, line: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def _take(self, line: Mapping[str, Any]) -> None:
        key = (line["task"], line["trial"])
        was_alone = self._in_flight.pop(key, False)
        if line["event"] == "begun":
            self.done.pop(key, None)
            self._deaths[key] += was_alone
            self._in_flight[key] = line["alone"]
        elif line["event"] == "done":
            self.done[key] = Result.from_json(line)
            self._deaths[key] = 0


def run_folder(runs: Path, run: str) -> Path:
    """Where a run is kept. Raises RunError for a name that is no plain file name, and so could lie elsewhere."""
    if not _NAME.fullmatch(run):
        raise RunError(f"{run!r} is no name for a run; use letters, digits, '.', '_' and '-', such as 'ours-2'")
    return runs / run


def read_header(runs: Path, run: str) -> RunHeader:
    """What a run is. Raises RunError, naming the latest runs when there is none of this name."""
    path = run_folder(runs, run) / "run.json"
    try:
        return RunHeader.from_json(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        have = ", ".join(run_names(runs)[-5:]) or "none yet"
        raise RunNotFound(f"no run {run!r}; the latest are {have}") from None
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read: {error}") from None


def read_results(runs: Path, run: str) -> tuple[RunHeader, list[Result]]:
    """A run's header and its results in the order of tasks and trials, finished or not."""
    header = read_header(runs, run)
    done: dict[Key, Result] = {}
    for line in _lines(run_folder(runs, run) / "results.jsonl"):
        if line["event"] == "done":
            result = Result.from_json(line)
            done[result.key] = result
    order = {task: index for index, task in enumerate(header.tasks)}
    return header, sorted(done.values(), key=lambda r: (order.get(r.task, len(order)), r.trial))


def run_names(runs: Path) -> list[str]:
    """The runs there are, oldest first."""
    return [path.parent.name for path in sorted(runs.glob("*/run.json"), key=lambda path: path.stat().st_mtime_ns)]


def _write_once(path: Path, text: str) -> None:
    """Write a file so that after a crash it is there whole or not at all; FileExistsError where it is there already."""
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    with aside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(aside, path)
    finally:
        aside.unlink()


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return  # torn by a kill: that trial was not kept
            try:
                yield json.loads(line)
            except json.JSONDecodeError as error:
                raise RunError(f"{path}:{number}: not JSON ({error.msg}); remove that line to go on") from None


def _cut_torn_line(path: Path) -> None:
    data = path.read_bytes()
    if data and not data.endswith(b"\n"):
        os.truncate(path, data.rfind(b"\n") + 1)
