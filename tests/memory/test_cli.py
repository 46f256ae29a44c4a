"""The commands: their JSON, their tables, their exit codes and their flags."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer.main
from tests.memory.fakes import episode
from typer import Typer
from typer.testing import CliRunner, Result

from coterie.memory import cli, episodes_cli
from coterie.memory.records import Failure
from coterie.memory.store import Store


@pytest.fixture(autouse=True)
def location(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COTERIE_HOME", str(home))
    monkeypatch.delenv("COTERIE_DATABASE_URL", raising=False)
    monkeypatch.delenv("COTERIE_CHROMA_URL", raising=False)


def run(app: Typer, *arguments: str, code: int = 0, typed: str | None = None) -> Result:
    done = CliRunner().invoke(app, list(arguments), input=typed)
    assert done.exit_code == code, done.output
    return done


def memory(*arguments: str, code: int = 0) -> Result:
    return run(cli.app, *arguments, code=code)


def episodes(*arguments: str, code: int = 0, typed: str | None = None) -> Result:
    return run(episodes_cli.app, *arguments, code=code, typed=typed)


def parsed(done: Result) -> Any:
    return json.loads(done.stdout)


@pytest.fixture
def recorded(home: Path) -> str:
    with Store.open(home) as store:
        store.episodes.add(episode())
        store.failures.add(Failure(episode().id, "cause", "message"))
    return episode().id


def flags(app: Typer) -> dict[str, set[str]]:
    group = typer.main.get_command(app)
    commands: dict[str, Any] = group.commands  # type: ignore[attr-defined]
    return {name: {o for p in c.params for o in p.opts if o.startswith("--")} for name, c in commands.items()}


def test_the_flags() -> None:
    assert flags(cli.app) == {
        "add": {"--kind", "--namespace", "--importance", "--supersede", "--json"},
        "search": {"--limit", "--namespace", "--json"},
        "list": {"--kind", "--namespace", "--all", "--at", "--limit", "--json"},
        "show": {"--json"},
        "forget": {"--purge", "--reason", "--json"},
        "rebuild": {"--json"},
        "export": {"--out", "--namespace"},
        "import": {"--json"},
    }
    assert flags(episodes_cli.app) == {
        "list": {"--status", "--text", "--limit", "--offset", "--json"},
        "show": {"--model-calls", "--json"},
        "export": {"--format", "--out"},
        "delete": {"--yes", "--json"},
    }


def test_memory_from_first_to_last() -> None:
    made = memory("add", "Ada prefers e-mail").stdout.strip()
    assert made in memory("list").stdout
    assert parsed(memory("show", made, "--json"))["text"] == "Ada prefers e-mail"
    assert "Ada prefers e-mail" in memory("show", made).stdout
    new = parsed(memory("add", "Ada prefers letters", "--supersede", made, "--json"))["id"]
    assert [s["id"] for s in parsed(memory("list", "--json"))["statements"]] == [new]
    assert [s["status"] for s in parsed(memory("list", "--all", "--json"))["statements"]] == ["active", "superseded"]
    found = parsed(memory("search", "what does Ada prefer?", "--json"))
    assert found["query"] == "what does Ada prefer?"
    (hit,) = found["hits"]
    assert hit.keys() == {"text", "kind", "source_id", "score", "why"}
    assert "Ada prefers letters" in memory("search", "Ada prefers").stdout
    assert parsed(memory("forget", new, "--purge", "--json")) == {"id": new, "forgotten": True, "purged": True}
    assert memory("search", "Ada prefers").stdout == ""
    assert parsed(memory("list", "--at", "2020-01-01", "--json")) == {"statements": []}


def test_markup_in_a_memory_is_text() -> None:
    memory("add", "[bold]see [/] :smile: [link=x]", "--kind", "lesson")
    assert "[bold]see [/] :smile: [link=x]" in memory("search", "bold smile link").stdout


def test_memory_goes_from_home_to_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recorded: str) -> None:
    memory("add", "Ünïcödé 🦊 \n lines")
    memory("export", "--out", str(tmp_path / "memory.jsonl"))
    episodes("export", "--out", str(tmp_path / "episodes.jsonl"))
    listed = [parsed(memory("list", "--json")), parsed(episodes("show", recorded, "--model-calls", "--json"))]
    monkeypatch.setenv("COTERIE_HOME", str(tmp_path / "other"))
    assert parsed(memory("import", str(tmp_path / "memory.jsonl"), "--json")) == {"imported": 2, "known": 0}
    assert parsed(memory("import", str(tmp_path / "memory.jsonl"), "--json")) == {"imported": 0, "known": 2}
    assert parsed(memory("import", str(tmp_path / "episodes.jsonl"), "--json")) == {"imported": 1, "known": 0}
    assert parsed(memory("import", str(tmp_path / "episodes.jsonl"), "--json")) == {"imported": 0, "known": 1}
    assert [parsed(memory("list", "--json")), parsed(episodes("show", recorded, "--model-calls", "--json"))] == listed


def test_a_line_that_cannot_be_imported_is_named(tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    memory("add", "a fact")
    good = memory("export").stdout
    file.write_text(good + '\n{"format": "else"}\n')
    done = memory("import", str(file), code=2)
    assert "bad.jsonl:3: not an exported episode" in done.stderr
    file.write_text("{nonsense")
    assert "bad.jsonl:1: not JSON" in memory("import", str(file), code=2).stderr


def test_rebuild(recorded: str) -> None:
    done = memory("rebuild", "--json")
    assert parsed(done) == {
        "documents": 2,
        "ok": True,
        "audit": {"documents": 2, "vectors": 2, "missing": 0, "stale": 0, "orphans": 0, "error": None},
    }
    assert "embedded 2 of 2" in done.stderr


def test_episodes_list(recorded: str) -> None:
    face = parsed(episodes("list", "--json"))
    assert face["total"] == 1
    (line,) = face["episodes"]
    assert line.keys() == {"id", "task", "status", "started_at", "tool_calls", "wall_s"}
    assert (line["id"], line["status"], line["tool_calls"], line["wall_s"]) == (recorded, "success", 2, 1.5)
    assert recorded in episodes("list").stdout
    assert parsed(episodes("list", "--status", "failed", "--json")) == {"episodes": [], "total": 0}
    assert "1 of 1" in episodes("list").stderr


def test_episodes_show(recorded: str) -> None:
    face = parsed(episodes("show", recorded, "--json"))
    assert {"id", "task", "outcome", "plan", "steps", "usage", "model"} <= face.keys()
    assert "model_calls" not in face
    assert len(parsed(episodes("show", recorded, "--model-calls", "--json"))["model_calls"]) == 2
    shown = episodes("show", recorded).stdout
    for expected in (recorded, "Which orders are late?", "read_table(", "3 rows", "Three orders are late."):
        assert expected in shown
    assert "You are Coterie." in episodes("show", recorded, "--model-calls").stdout


@pytest.mark.parametrize("form", ["coterie", "atif"])
def test_episodes_export_and_delete(recorded: str, form: str, tmp_path: Path) -> None:
    line = episodes("export", recorded, "--format", form).stdout
    assert len(line.splitlines()) == 1
    assert parsed(episodes("delete", recorded, "--yes", "--json")) == {"deleted": [recorded]}
    (tmp_path / "episode.json").write_text(line)
    memory("import", str(tmp_path / "episode.json"))
    assert parsed(episodes("list", "--json"))["total"] == 1


def test_an_export_that_fails_leaves_the_file_alone(recorded: str, tmp_path: Path) -> None:
    out = tmp_path / "episodes.jsonl"
    out.write_text("earlier")
    episodes("export", recorded, "ep-typo", "--out", str(out), code=2)
    assert out.read_text() == "earlier"
    episodes("export", recorded, "--out", str(out))
    assert json.loads(out.read_text())


def test_deleting_asks_first(recorded: str) -> None:
    episodes("delete", recorded, typed="n\n", code=1)
    assert parsed(episodes("list", "--json"))["total"] == 1
    episodes("delete", recorded, typed="y\n")
    assert parsed(episodes("list", "--json"))["total"] == 0


@pytest.mark.parametrize("command", ["show", "export", "delete"])
def test_an_unknown_episode_is_a_usage_error(command: str) -> None:
    done = episodes(command, "ep-none", *(["--yes"] if command == "delete" else []), code=2)
    assert done.stderr.startswith("coterie: no episode 'ep-none'")
    assert done.stdout == ""


def test_bad_arguments_are_usage_errors() -> None:
    assert "is no id of" in memory("show", "zzz", code=2).stderr
    assert "1 to 20000 characters, got 0" in memory("add", " ", code=2).stderr
    memory("add", "x", "--importance", "2", code=2)
    episodes("list", "--limit", "0", code=2)


@pytest.mark.parametrize("command", [lambda: memory("list", code=130), lambda: episodes("list", code=130)])
def test_an_interruption_is_one_line(command: Callable[[], Result], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Store, "at", interrupted)
    assert command().stderr == "coterie: interrupted\n"


def test_a_store_that_cannot_be_opened_is_infrastructure(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir()
    (home / "coterie.db").write_bytes(b"garbage" * 1000)
    done = memory("list", code=3)
    assert "is not a readable database" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    monkeypatch.setenv("COTERIE_DATABASE_URL", "mysql://h/d")
    assert "sqlite and postgresql are supported" in episodes("list", code=3).stderr
