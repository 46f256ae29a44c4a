"""Starting, finding and stopping the local model server: one per data home, left running between commands.

start: lock -> resolve the model -> bind a port -> launch -> wait until it answers -> state.json
"""

import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from coterie.model.config import DEFAULT_MODEL
from coterie.model.errors import AlreadyRunning, OptionsConflict, OutdatedAtWork, PortTaken, StartFailed
from coterie.model.location import data_home
from coterie.model.locked import exclusive
from coterie.model.serving.environment import chosen, engine_version, in_force, require_fitting, server_environment
from coterie.model.serving.options import Launch, Options
from coterie.model.serving.process import Identity, alive, end_group, holder_of, identify
from coterie.model.serving.reference import Reference, resolve
from coterie.model.serving.state import Folder, State

PROGRAM = ("-m", "coterie.model.serving.launch")
START_TIMEOUT_S = 600.0
STOP_GRACE_S = 15.0
POLL_S = 0.1
HANG_S = 30.0
IDLE_STOP_S = 1800.0
RETIRE_IDLE_S = 10.0  # an agent's tool may run that long between two requests
Say = Callable[[str], None]


@dataclass(frozen=True)
class ServerInfo:
    """A running server; `url` is the base URL for clients, `started` whether this call started it.

    `max_sequences` is how many texts it writes at the same time. This and what follows is None where not known.
    """

    url: str
    model: str
    kernels: str | None
    pid: int
    started: bool
    weights_sha256: str | None
    max_sequences: int | None = None
    expert_weights: str | None = None
    batch_invariant: bool | None = None
    vllm: str | None = None


def status(home: Path | None = None) -> ServerInfo | None:
    """The server that runs, or is being started (then `kernels` is None)."""
    state = _folder(home).read()
    return _info(state, started=False) if state else None


def ensure_server(
    ref: str = DEFAULT_MODEL, options: Options | None = None, *, home: Path | None = None, say: Say = lambda _: None
) -> ServerInfo:
    """The server for `ref`: the one that runs, else a new one that stops after half an hour without work.

    Options are those of a new one; one that runs with others then raises OptionsConflict.
    """
    if options is None:
        return start(ref, Options(idle_stop_s=IDLE_STOP_S), home=home, say=say, as_it_runs=True)
    return start(ref, options, home=home, say=say)


def start(
    ref: str = DEFAULT_MODEL,
    options: Options | None = None,
    *,
    port: int | None = None,
    home: Path | None = None,
    say: Say = lambda _: None,
    as_it_runs: bool = False,
) -> ServerInfo:
    """Start a server and wait until it answers; one that serves `ref` already is taken.

    It has to run with the options and the port that were chosen, unless it is wanted `as_it_runs`.

    One whose weights were built again meanwhile is replaced, on its port, unless it is at work. Raises AlreadyRunning,
    OptionsConflict, OutdatedAtWork, PortTaken, StartFailed and what resolving the model raises.
    """
    home, options = home or data_home(), options or Options()
    require_fitting(options)
    folder = _folder(home)
    with exclusive(folder.lock, on_wait=lambda: say("waiting for another start to finish")):
        running = _in_order(folder, say)
        reference = resolve(ref, home, say)
        if running is not None and _outdated(running, reference):
            _retire(running, folder, say)
            port, running = port or urlsplit(running.url).port, None
        if running is None:
            return _info(_launch(folder, reference, options, port, say), started=True)
        if running.source != reference.source:
            raise AlreadyRunning(running.model, running.url)
        if not as_it_runs:
            _require_alike(running, options, port)
        return _info(running, started=False)


def stop(home: Path | None = None) -> ServerInfo | None:
    """End the server and all its processes; says which one it was, None if none ran."""
    folder = _folder(home)
    state = folder.read()
    if state is None:
        return None
    end_group(state.identity, STOP_GRACE_S)
    folder.forget()
    return _info(state, started=False)


def _in_order(folder: Folder, say: Say) -> State | None:
    """The running server if it works; one whose starter was killed is waited for, one that hangs is ended."""
    state = folder.read()
    if state is None:
        return None
    try:
        if state.kernels is None:
            return _made_ready(state, folder, say)
        if _answers(state, HANG_S):
            return state
    except StartFailed:
        pass
    end_group(state.identity, STOP_GRACE_S)
    folder.forget()
    return None


def _require_alike(running: State, options: Options, port: int | None) -> None:
    """Raises OptionsConflict where the server runs otherwise than was chosen: it would be ignored."""
    kernels = (running.kernels or "").partition(" ")[0]
    its = vars(replace(running.options, kernels=kernels)) | {"port": urlsplit(running.url).port}
    asked = chosen(options) | ({"port": port} if port else {})
    if unlike := [f"{name} {its[name]!r}, not {value!r}" for name, value in asked.items() if value != its[name]]:
        raise OptionsConflict(
            f"the server at {running.url} runs with {'; '.join(unlike)}; stop it first with 'coterie serve stop'"
        )


def _outdated(running: State, reference: Reference) -> bool:
    """Whether both are checkpoints of ours by one name, with other weights."""
    hashes = {running.weights_sha256, reference.weights_sha256}
    return running.model == reference.name and None not in hashes and len(hashes) == 2


def _retire(running: State, folder: Folder, say: Say) -> None:
    """End a server with older weights; raises OutdatedAtWork while somebody may be in the middle of something."""
    idle_s = _idle_s(running)
    if idle_s < RETIRE_IDLE_S:
        raise OutdatedAtWork(running.model, running.url, idle_s)
    say(f"{running.model} was built again: the server with the older weights is replaced")
    end_group(running.identity, STOP_GRACE_S)
    folder.forget()


def _launch(folder: Folder, reference: Reference, options: Options, port: int | None, say: Say) -> State:
    with _bound(port) as listener:
        launch = Launch(reference.name, reference.source, listener.getsockname()[1], listener.fileno(), options)
        identity = _spawn(launch, folder.new_log(), server_environment(options, reference.local))
    url = f"http://127.0.0.1:{launch.port}/v1"
    running = State(*identity, url, reference.name, reference.source, reference.weights_sha256)
    state = replace(running, options=in_force(options), vllm=engine_version())
    folder.write(state)
    try:
        return _made_ready(state, folder, say)
    except BaseException:
        end_group(identity, STOP_GRACE_S)
        folder.forget()
        raise


def _made_ready(state: State, folder: Folder, say: Say) -> State:
    _wait_until_ready(state, folder, say)
    state = replace(state, kernels=_kernels(state))
    folder.write(state)
    return state


def _bound(port: int | None) -> socket.socket:
    """A socket bound to the port, or to a free one; the server inherits it, so nobody can take it in between."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port or 0))
    except OSError:
        listener.close()
        raise PortTaken(port or 0, holder_of(port or 0)) from None
    return listener


def _spawn(launch: Launch, log: Path, environment: dict[str, str]) -> Identity:
    """Start the server's process in a session of its own: it outlives us and gets no Ctrl-C."""
    os.set_inheritable(launch.socket_fd, True)
    append = os.O_WRONLY | os.O_APPEND
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, *PROGRAM, launch.dumps()],
        environment,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), append, 0),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
        setsigdef=[signal.SIGINT, signal.SIGTERM],
    )
    return identify(pid) or Identity(pid, -1)


def _wait_until_ready(state: State, folder: Folder, say: Say) -> None:
    started = time.monotonic()
    while not _answers(state):
        waited_s = time.monotonic() - started
        if not alive(state.identity):
            raise StartFailed(f"the model server ended while starting; its log {folder.log}:\n{folder.end_of_log()}")
        if waited_s > START_TIMEOUT_S:
            raise StartFailed(f"the model server was not ready after {waited_s:.0f} s; see {folder.log}")
        say(f"starting the model server for {state.model}: {waited_s:.0f} s")
        time.sleep(POLL_S)


def _answers(state: State, timeout_s: float = 5.0) -> bool:
    """Whether the server is ready and its engine lives."""
    try:
        return httpx.get(_root(state) + "/health", timeout=timeout_s, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def _kernels(state: State) -> str:
    """Whose kernels run the experts, as the process that loaded the model says."""
    return str(httpx.get(_root(state) + "/coterie", timeout=HANG_S, trust_env=False).json()["kernels"])


def _idle_s(state: State) -> float:
    """Seconds since the last request; 0 while one runs, and for a server that does not say."""
    try:
        answer = httpx.get(_root(state) + "/coterie", timeout=5.0, trust_env=False).json()
        return float(answer["idle_s"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return 0.0


def _root(state: State) -> str:
    return state.url.removesuffix("/v1")


def _folder(home: Path | None) -> Folder:
    return Folder((home or data_home()) / "server")


def _info(state: State, started: bool) -> ServerInfo:
    return ServerInfo(
        state.url,
        state.model,
        state.kernels,
        state.pid,
        started,
        state.weights_sha256,
        state.options.max_sequences,
        state.options.expert_weights,
        state.options.batch_invariant,
        state.vllm,
    )
