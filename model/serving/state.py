"""What is known of the local server between commands: `$COTERIE_HOME/server/` with state.json, server.log, lock."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from coterie.model.serving.options import Options
from coterie.model.serving.process import Identity, alive


@dataclass(frozen=True)
class State:
    """The server's process, what it serves and how; `kernels` (those in use) is known once it is ready.

    The last two are empty where an older version of ours started it.
    """

    pid: int
    started_ticks: int
    url: str
    model: str
    source: str
    weights_sha256: str | None = None
    kernels: str | None = None
    options: Options = field(default_factory=Options)
    vllm: str | None = None

    @property
    def identity(self) -> Identity:
        """The server's process."""
        return Identity(self.pid, self.started_ticks)


@dataclass(frozen=True)
class Folder:
    """The server's files in the data home."""

    path: Path

    @property
    def lock(self) -> Path:
        """Held while a server is being started."""
        return self.path / "lock"

    @property
    def log(self) -> Path:
        """What the server says; the previous one's is kept as `server.log.1`."""
        return self.path / "server.log"

    def read(self) -> State | None:
        """The state of the server that runs; what a dead one left is removed."""
        file = self.path / "state.json"
        try:
            data = json.loads(file.read_text())
            state = State(**data | {"options": Options(**data.get("options", {}))})
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, AttributeError):
            state = None
        if state is None or not alive(state.identity):
            file.unlink(missing_ok=True)
            return None
        return state

    def write(self, state: State) -> None:
        """Replace the state in one step."""
        self.path.mkdir(parents=True, exist_ok=True)
        aside = self.path / f"state.json.{os.getpid()}"
        aside.write_text(json.dumps(asdict(state), indent=1) + "\n")
        aside.replace(self.path / "state.json")

    def forget(self) -> None:
        """The server is gone."""
        (self.path / "state.json").unlink(missing_ok=True)

    def new_log(self) -> Path:
        """An empty log; the last one is kept."""
        self.path.mkdir(parents=True, exist_ok=True)
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        self.log.touch(mode=0o600)
        return self.log

    def end_of_log(self, lines: int = 12) -> str:
        """The last lines of the log, for a person to read."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
