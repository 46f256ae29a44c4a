"""The README is true: its Python runs, its commands and those of the results parse, cheap ones run, its files exist.

Where a model would be asked, a server that says given lines stands in for it, by the environment alone.
"""

import re
import runpy
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from tests.agent.model_server import serving
from tests.agent.scripts import answer, call, plan, verdict
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from coterie.agent.cli import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RESULTS = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
SHELL = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
PYTHON = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
INLINE = re.findall(r"`((?:coterie|make) [^`]+)`", README + RESULTS)
LINES = [line.split("  #")[0].strip() for block in SHELL for line in block.splitlines() if line.strip()] + INLINE
COTERIE = [re.sub(r"^(\.venv/bin/)?coterie ", "", line) for line in LINES if re.match(r"(\.venv/bin/)?coterie ", line)]
MAKE = [line for line in LINES if line.startswith("make ")]
LOOK = [
    plan("look up order A-17"),
    call("order_status", order_id="A-17"),
    verdict("done", "A-17 is delayed"),
    answer("A-17 is delayed"),
]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home and a folder of the test's own, and a model server that knows what to say, found by the environment."""
    with serving(LOOK) as url:
        monkeypatch.setenv("COTERIE_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("COTERIE_BASE_URL", url)
        monkeypatch.setenv("COTERIE_MEMORY", "false")
        monkeypatch.chdir(tmp_path)
        yield tmp_path


def test_nothing_is_overlooked() -> None:
    assert len(PYTHON) == README.count("```python")
    assert len(SHELL) == README.count("```sh")
    assert len(COTERIE) + len(MAKE) == len(LINES), LINES


def test_the_tool_and_the_sdk_run_as_written(
    world: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tool, sdk = PYTHON
    (world / "shop.py").write_text(tool, encoding="utf-8")
    (world / "use.py").write_text(sdk, encoding="utf-8")
    monkeypatch.syspath_prepend(str(world))
    runpy.run_path(str(world / "use.py"))
    said, episode = capsys.readouterr().out.rsplit(maxsplit=1)
    assert said == "A-17 is delayed"
    assert re.fullmatch(r"ep-\w+", episode)


@pytest.mark.parametrize("line", COTERIE)
def test_a_command_is_understood(line: str) -> None:
    command, name, words = get_command(app), "coterie", shlex.split(line)
    context = typer.Context(command, info_name=name)
    while isinstance(command, TyperGroup):
        name, command, words = command.resolve_command(context, words)
        context = typer.Context(command, parent=context, info_name=name)
    command.make_context(name, words, parent=context.parent)


@pytest.mark.parametrize("line", MAKE)
def test_a_make_target_is_there(line: str) -> None:
    command = ["make", "--dry-run", *shlex.split(line)[1:]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_a_run_and_the_look_at_it(world: Path) -> None:
    def coterie(line: str) -> str:
        words = [str(ROOT / word) if word.startswith("examples/") else word for word in shlex.split(line)]
        done = CliRunner().invoke(app, words, prog_name="coterie")
        assert done.exit_code == 0, done.output
        return done.stdout

    run, listing, show = (
        next(line for line in COTERIE if line.startswith(start)) for start in ("run", "episodes list", "episodes show")
    )
    assert coterie(run) == "A-17 is delayed\n"
    (episode,) = set(re.findall(r"ep-\w+", coterie(listing)))
    assert "order_status" in coterie(show.replace("EPISODE", episode))


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ("doctor", "tiny, served elsewhere"),
        ("memory search", "the walrus pays for late orders"),
        ("tools list", "http_fetch"),
        ("eval list", "work"),
        ("eval check", "no fault found"),
        ("eval run examples", "20"),
    ],
)
def test_a_look_at_what_there_is(world: Path, monkeypatch: pytest.MonkeyPatch, start: str, said: str) -> None:
    """On the smallest suite, and where a suite is run, with its reference solutions."""
    monkeypatch.setenv("COLUMNS", "200")
    line = next(line for line in COTERIE if line.startswith(start)).replace("eval check work", "eval check examples")
    words = shlex.split(line) + (["--agent", "reference", "--fail-under", "1"] if start.startswith("eval run") else [])
    CliRunner().invoke(app, ["memory", "add", "the walrus pays for late orders"], prog_name="coterie")
    done = CliRunner().invoke(app, words, prog_name="coterie")
    assert done.exit_code == 0, done.output
    assert said in done.stdout


def test_what_it_points_to_is_there() -> None:
    linked = re.findall(r"\]\(([^)#:]+)\)", README)
    beside = re.findall(r"\]\(([^)#:]+)\)", RESULTS)
    folders = re.findall(r"^\| `(\w+/)` \|", README, re.MULTILINE)
    assert linked
    assert folders
    assert [path for path in [*linked, *folders] if not (ROOT / path).exists()] == []
    assert [path for path in beside if not (ROOT / "docs" / path).exists()] == []
