"""`coterie serve` and `coterie model` as a person types them: JSON faces, messages, exit codes."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from coterie.model.cli import app as model_app
from coterie.model.serving import lifecycle, stop
from coterie.model.serving.cli import app as serve_app
from coterie.model.telling import Progress

FAKE = Path(__file__).parent / "fake_server.py"
FACE = {
    *("running", "url", "model", "kernels", "pid", "weights_sha256"),
    *("max_sequences", "expert_weights", "batch_invariant", "vllm"),
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("COTERIE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(lifecycle, "PROGRAM", (str(FAKE),))
    yield tmp_path / "home"
    stop(tmp_path / "home")


@pytest.fixture
def checkpoint(tmp_path: Path) -> str:
    folder = tmp_path / "fine"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    return str(folder)


def serve(*arguments: str) -> Result:
    return CliRunner().invoke(serve_app, list(arguments))


def test_serve_starts_says_what_runs_and_stops(home: Path, checkpoint: str) -> None:
    assert json.loads(serve("status", "--json").stdout) == dict.fromkeys(FACE) | {"running": False}
    started = serve("--model", checkpoint, "--kernels", "vllm", "--json")
    assert started.exit_code == 0
    face = json.loads(started.stdout)
    assert set(face) == FACE
    assert (face["running"], face["model"], face["kernels"]) == (True, "fine", "vllm")
    assert (face["max_sequences"], face["expert_weights"], face["batch_invariant"]) == (32, "bf16", False)
    assert "starting the model server for fine" in started.stderr
    again = serve("start", "--model", checkpoint, "--kernels", "vllm")
    assert again.stdout.startswith("already running: fine at http://127.0.0.1:")
    unlike = serve("start", "--model", checkpoint, "--batch-invariant")
    assert unlike.exit_code == 2
    assert "runs with batch_invariant False, not True; stop it first with 'coterie serve stop'" in unlike.stderr
    assert json.loads(serve("status", "--json").stdout) == face
    assert json.loads(serve("stop", "--json").stdout) == {"stopped": True, "pid": face["pid"]}
    assert serve("stop").stdout == "no server runs\n"


def test_how_many_texts_are_written_at_a_time(home: Path, checkpoint: str) -> None:
    fine = ("start", "--model", checkpoint, "--kernels", "vllm")
    assert serve(*fine, "--max-sequences", "64", "--expert-weights", "int8").exit_code == 0
    face = json.loads(serve("status", "--json").stdout)
    assert (face["max_sequences"], face["expert_weights"]) == (64, "int8")
    assert "64 texts at a time" in serve("status").stdout
    assert serve(*fine).exit_code == 0, "what is not asked for is taken as it is"
    refused = serve(*fine, "--max-sequences", "8")
    assert refused.exit_code == 2
    assert "runs with max_sequences 64, not 8; stop it first with 'coterie serve stop'" in refused.stderr


def test_the_data_home_of_the_settings_file(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from coterie.model.location import data_home

    monkeypatch.delenv("COTERIE_HOME")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "coterie.toml").write_text(f'home = "{home}"\nseed = 3')
    assert data_home() == home
    (tmp_path / "coterie.toml").write_text("home = ")
    result = serve("status")
    assert result.exit_code == 2
    assert "coterie.toml cannot be read as TOML" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--model", "gpt"], 2, "unknown model 'gpt'; ours are coterie, coterie-dense"),
        (["--port", "99999"], 2, "65535"),
        (["--kernels", "fast"], 2, "fast"),
        (["--idle-stop", "0"], 2, "idle-stop"),
        (["--max-sequences", "0"], 2, "max-sequences"),
        (["--batch-invariant", "--kernels", "torch"], 2, "batch invariance needs our kernels, not 'torch'"),
    ],
)
def test_serve_explains_what_it_cannot_do(home: Path, arguments: list[str], code: int, said: str) -> None:
    result = serve(*arguments)
    assert result.exit_code == code
    assert said in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


def test_a_server_that_cannot_start_is_an_infrastructure_failure(home: Path, tmp_path: Path) -> None:
    (tmp_path / "dies").mkdir()
    (tmp_path / "dies" / "config.json").write_text("{}")
    result = serve("--model", str(tmp_path / "dies"))
    assert result.exit_code == 3
    assert "no room for the weights" in result.stderr


def test_model_build_and_card_say_what_is_wrong(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coterie.model.weights.base.find_spec", lambda _: None)
    for name, title, advice in (
        ("coterie", "SmolLM2-135M-Instruct", "make run"),
        ("coterie-large", "Qwen2.5-Coder-0.5B-Instruct", "make large"),
    ):
        for command in ("build", "card"):
            result = CliRunner().invoke(model_app, [command, name, "--variant", "dense"])
            assert result.exit_code == 3
            assert f"the base model {title} is not installed" in result.stderr
            assert advice in result.stderr
    unknown = CliRunner().invoke(model_app, ["build", "coterie-huge"])
    assert (unknown.exit_code, unknown.stdout) == (2, "")
    assert "ours are coterie, coterie-dense, coterie-large" in unknown.stderr
    (tmp_path / "other.gguf").write_bytes(b"GGUF")
    other = CliRunner().invoke(model_app, ["build", "coterie-large", "--base", str(tmp_path / "other.gguf")])
    assert other.exit_code == 3
    assert "other.gguf has sha256" in other.stderr
    assert CliRunner().invoke(model_app, ["build", "--variant", "small"]).exit_code == 2


@pytest.mark.slow
@pytest.mark.parametrize(("command", "said"), [("bench", "--limit-s"), ("train", "--minutes")])
def test_bench_and_train_hand_over_with_their_own_options(command: str, said: str) -> None:
    program = f"from coterie.model.cli import app; app([{command!r}, '--help'])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said in done.stdout


@pytest.mark.slow
def test_bench_prints_one_object_and_leaves_it_in_a_file(tmp_path: Path) -> None:
    program = "import sys; from coterie.model.kernels.bench import main; sys.exit(main(sys.argv[1:]))"
    arguments = ["--json", "--out", str(tmp_path / "rows.json"), "--shape", "no shape of this name"]
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    face = json.loads(done.stdout)
    assert set(face) == {"device", "facts", "rows"}
    assert json.loads((tmp_path / "rows.json").read_text()) == face


def test_progress_where_nobody_watches_is_a_line_for_each_stage(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as say:
        say("reading")
        for waited in range(5):
            say(f"starting: {waited} s")
        say("ready")
    assert capsys.readouterr().err == "reading\nstarting: 0 s\nready\n"
