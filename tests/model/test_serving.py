"""The server's life cycle with a process that only pretends to be vLLM, and the parts it is made of."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from coterie.model.errors import AlreadyRunning, OptionsConflict, OutdatedAtWork, PortTaken, StartFailed, UnknownModel
from coterie.model.serving import Options, ServerInfo, ensure_server, lifecycle, start, status, stop
from coterie.model.serving.arguments import cache_bytes_per_token
from coterie.model.serving.environment import SPINS, server_environment
from coterie.model.serving.options import Launch
from coterie.model.serving.process import Identity, alive, end_group, holder_of, identify
from coterie.model.serving.reference import resolve
from coterie.model.serving.state import Folder, State
from coterie.model.weights.build import CARD, Built

PLAIN = Options(kernels="vllm")
FAKE = Path(__file__).parent / "fake_server.py"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(lifecycle, "PROGRAM", (str(FAKE),))
    yield tmp_path / "home"
    stop(tmp_path / "home")


def model(tmp_path: Path, name: str = "fine") -> str:
    """A folder that passes for a checkpoint."""
    (tmp_path / name).mkdir(exist_ok=True)
    (tmp_path / name / "config.json").write_text("{}")
    return str(tmp_path / name)


def children(pid: int) -> list[int]:
    return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def gone(pids: list[int], wait_s: float = 5.0) -> bool:
    deadline = time.monotonic() + wait_s
    while any(identify(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_start_status_start_again_stop(tmp_path: Path, home: Path) -> None:
    said: list[str] = []
    first = start(model(tmp_path), PLAIN, home=home, say=said.append)
    assert (first.started, first.model, first.kernels) == (True, "fine", "vllm")
    assert httpx.get(first.url.removesuffix("/v1") + "/health", trust_env=False).status_code == 200
    assert said[0].startswith("starting the model server for fine")
    assert status(home) == start(model(tmp_path), PLAIN, home=home) == replace(first, started=False)
    with pytest.raises(AlreadyRunning, match=f"'fine' runs at {first.url}"):
        start(model(tmp_path, "other"), PLAIN, home=home)
    family = [first.pid, *children(first.pid)]
    assert len(family) == 2
    assert stop(home) == replace(first, started=False)
    assert gone(family), "the child that ignores SIGTERM goes with its group"
    assert (status(home), stop(home)) == (None, None)


def test_options_that_a_running_server_does_not_have_are_refused(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = start(model(tmp_path), replace(PLAIN, idle_stop_s=60.0), home=home)
    way_out = "stop it first with 'coterie serve stop'"
    wanted = {
        "batch_invariant False, not True": Options(batch_invariant=True),
        "kernels 'vllm', not 'own'": Options(kernels="own"),
        "expert_weights 'bf16', not 'int8'": Options(expert_weights="int8"),
        "idle_stop_s 60.0, not 5.0": Options(idle_stop_s=5.0),
    }
    for said, options in wanted.items():
        with pytest.raises(OptionsConflict, match=f"{info.url} runs with {said}; {way_out}"):
            start(model(tmp_path), options, home=home)
    with pytest.raises(OptionsConflict, match=r"port \d+, not 9;"):
        start(model(tmp_path), port=9, home=home)
    with pytest.raises(OptionsConflict, match="not True"):
        ensure_server(model(tmp_path), Options(batch_invariant=True), home=home)
    same = replace(PLAIN, idle_stop_s=60.0, expert_weights="bf16", batch_invariant=False)
    for options in (None, Options(), PLAIN, same):
        assert start(model(tmp_path), options, home=home) == replace(info, started=False)
    monkeypatch.setenv("COTERIE_BATCH_INVARIANT", "1")
    with pytest.raises(OptionsConflict, match="batch_invariant False, not True"):
        start(model(tmp_path), home=home)
    assert ensure_server(model(tmp_path), home=home).pid == info.pid, "a run takes whatever runs"


def built(folder: str, weights: str) -> str:
    """The folder with the card of a checkpoint of ours."""
    (Path(folder) / CARD).write_text(json.dumps(dict.fromkeys(Built.__dataclass_fields__, weights)))
    return folder


def test_an_idle_server_with_older_weights_is_replaced_on_its_port(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "RETIRE_IDLE_S", 0.0)
    said: list[str] = []
    old = start(built(model(tmp_path), "a" * 64), PLAIN, home=home)
    assert start(built(model(tmp_path), "a" * 64), PLAIN, home=home).pid == old.pid, "the same weights stay"
    new = start(built(model(tmp_path), "b" * 64), PLAIN, home=home, say=said.append)
    assert (new.started, new.weights_sha256, new.url) == (True, "b" * 64, old.url)
    assert said[0] == "fine was built again: the server with the older weights is replaced"
    assert gone([old.pid])


def test_a_server_with_older_weights_that_is_in_use_is_left_alone(tmp_path: Path, home: Path) -> None:
    old = start(built(model(tmp_path), "a" * 64), PLAIN, home=home)
    httpx.post(old.url.removesuffix("/v1") + "/work", trust_env=False)
    with pytest.raises(OutdatedAtWork, match=r"older weights; .* s ago, .*--base-url .*coterie serve stop"):
        start(built(model(tmp_path), "b" * 64), PLAIN, home=home)
    running = status(home)
    assert running is not None
    assert (running.pid, running.weights_sha256) == (old.pid, "a" * 64)


def test_another_model_is_never_replaced(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "RETIRE_IDLE_S", 0.0)
    start(model(tmp_path), PLAIN, home=home)
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(AlreadyRunning, match="stop it first"):
        start(model(tmp_path / "elsewhere"), PLAIN, home=home)


def test_a_server_that_ends_while_starting_shows_the_end_of_its_log(tmp_path: Path, home: Path) -> None:
    with pytest.raises(StartFailed, match=r"server\.log:\nthe fake server starts\nno room for the weights"):
        start(model(tmp_path, "dies"), PLAIN, home=home)
    assert status(home) is None


def test_an_interrupted_start_leaves_no_process(tmp_path: Path, home: Path) -> None:
    started: list[ServerInfo] = []

    def interrupt(_: str) -> None:
        if (info := status(home)) and children(info.pid):
            started.append(info)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start(model(tmp_path, "slow"), PLAIN, home=home, say=interrupt)
    assert started[0].kernels is None, "not ready yet"
    assert gone([started[0].pid])
    assert status(home) is None


def test_a_start_that_takes_too_long_is_given_up(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "START_TIMEOUT_S", 0.3)
    with pytest.raises(StartFailed, match="not ready after"):
        start(model(tmp_path, "slow"), PLAIN, home=home)


def test_a_killed_server_is_noticed_and_replaced(tmp_path: Path, home: Path) -> None:
    first = start(model(tmp_path), PLAIN, home=home)
    orphans = children(first.pid)
    os.kill(first.pid, signal.SIGKILL)
    assert gone([first.pid])
    assert status(home) is None
    second = start(model(tmp_path), PLAIN, home=home)
    assert second.started
    assert second.pid != first.pid
    for pid in orphans:
        os.kill(pid, signal.SIGKILL)


def test_a_server_whose_starter_was_killed_is_adopted(tmp_path: Path, home: Path) -> None:
    ready = start(model(tmp_path), PLAIN, home=home)
    folder = Folder(home / "server")
    state = folder.read()
    assert state is not None
    folder.write(replace(state, kernels=None))
    assert start(model(tmp_path), PLAIN, home=home) == replace(ready, started=False)


def test_it_stops_when_idle_but_not_while_it_is_asked(tmp_path: Path, home: Path) -> None:
    info = start(model(tmp_path), replace(PLAIN, idle_stop_s=2.0), home=home)
    root = info.url.removesuffix("/v1")
    for _ in range(7):
        time.sleep(0.4)
        httpx.post(root + "/work", trust_env=False)
    assert httpx.get(root + "/coterie", trust_env=False).json()["idle_s"] < 2
    assert gone([info.pid], wait_s=8)
    assert status(home) is None


def test_a_taken_port_names_its_holder(tmp_path: Path, home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"port {port} is taken by .* \(pid {os.getpid()}\)"):
            start(model(tmp_path), PLAIN, port=port, home=home)
    info = start(model(tmp_path), PLAIN, port=port, home=home)
    assert info.url == f"http://127.0.0.1:{port}/v1"


def test_what_a_dead_server_left_is_not_believed(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    me = identify(os.getpid())
    assert me is not None
    state = State(me.pid, me.started_ticks, "http://127.0.0.1:1/v1", "fine", "/fine")
    folder.write(state)
    assert folder.read() == state
    folder.write(replace(state, started_ticks=me.started_ticks + 1))
    assert folder.read() is None, "the pid lives, but it is another process"
    (tmp_path / "state.json").write_text("{ half")
    assert folder.read() is None
    assert list(tmp_path.iterdir()) == []


def test_the_log_of_the_last_server_is_kept(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "server")
    folder.new_log().write_text("first\n")
    folder.new_log().write_text("second\nthird\n")
    assert folder.log.with_suffix(".log.1").read_text() == "first\n"
    assert folder.end_of_log(lines=1) == "third"
    assert folder.log.stat().st_mode & 0o077 == 0


def test_a_zombie_is_not_alive_and_a_deaf_process_is_killed() -> None:
    deaf = "import signal, sys, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    process.stdout.readline()
    identity = identify(process.pid)
    assert identity is not None
    assert alive(identity)
    assert not alive(Identity(identity.pid, identity.started_ticks - 1))
    end_group(identity, grace_s=0.1)
    assert not alive(identity), "a zombie until it is waited for"
    assert process.wait(5) == -signal.SIGKILL
    process.stdout.close()
    end_group(identity, grace_s=0.1)


def test_nobody_holds_a_free_port() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert holder_of(free.getsockname()[1]) is None


def test_references_are_folders_hub_ids_or_errors_that_say_what_there_is(tmp_path: Path) -> None:
    folder = model(tmp_path)
    assert resolve(folder, tmp_path, print).local
    hub = resolve("HuggingFaceTB/SmolLM2-135M-Instruct", tmp_path, print)
    assert (hub.name, hub.local) == ("HuggingFaceTB/SmolLM2-135M-Instruct", False)
    with pytest.raises(UnknownModel, match="ours are coterie, coterie-dense"):
        resolve("gpt", tmp_path, print)
    with pytest.raises(UnknownModel, match=r"no config\.json"):
        resolve(str(tmp_path), tmp_path, print)
    with pytest.raises(UnknownModel):
        resolve("/nowhere/at/all", tmp_path, print)


def test_the_servers_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    mine = server_environment(Options(threads=3, idle_stop_s=9.0), local=True)
    assert (mine["OMP_NUM_THREADS"], mine["COTERIE_IDLE_STOP_S"], mine["HF_HUB_OFFLINE"]) == ("3", "9.0", "1")
    assert mine["GOMP_SPINCOUNT"] == SPINS
    assert "PYTHONDONTWRITEBYTECODE" not in mine
    assert "COTERIE_IDLE_STOP_S" not in server_environment(Options(), local=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    assert "HF_HUB_OFFLINE" not in server_environment(Options(), local=False), "a hub id may have to be fetched"


def test_what_the_process_is_told_survives_its_command_line() -> None:
    launch = Launch("n", "/a folder/é", 1, 2, Options(max_tokens=7))
    assert Launch.loads(launch.dumps()) == launch


def test_the_cache_of_one_token() -> None:
    class Config:
        num_hidden_layers, num_attention_heads, num_key_value_heads, head_dim = 30, 9, 3, 64

    assert cache_bytes_per_token(Config) == 30 * 2 * 3 * 64 * 2
