"""Why runs failed: the decisive step by re-execution, causes, the failure log, the page."""

import json
import re
from pathlib import Path

import pytest
from tests.agent.model_server import serving
from tests.agent.scripts import DONE, answer, call, plan, refusal, verdict
from tests.agent.test_cli import LOOK, TASK, TOOLS, coterie, home
from tests.evals.suite_files import write_lamp

from coterie.evals.analyse import CAUSES
from coterie.evals.results import read_results
from coterie.memory.store import Store

__all__ = ["home"]

NOTHING_MORE = '{"steps": []}'
TWO = (call("add", number=2), DONE)
THREE = (call("add", number=3), DONE)
BOTH = plan("add 2", ("add 3 to it", [1]))
FAILURES = {
    "wrong_argument": (
        "level:2",
        [BOTH, *TWO, call("add", number=4), DONE, NOTHING_MORE, answer("It is 6.")],
        (4, "add", True, "add: number 4 for 3"),
    ),
    "repeated_call": (
        "level:2",
        [BOTH, *TWO, *TWO, NOTHING_MORE, answer("It is 4.")],
        (4, "add", True, 'add {"number": 2}, as before'),
    ),
    "wrong_tool": (
        "level:2",
        [plan("add 2", ("switch the lamp on", [1])), *TWO, call("switch", to="on"), DONE, NOTHING_MORE, answer("2")],
        (4, "switch", True, 'switch {"to": "on"}, with this left to do: add {"number": 3}'),
    ),
    "needless_call": (
        "level:2",
        [
            plan("add 2", ("add 3", [1]), ("add 1", [2])),
            *TWO,
            *THREE,
            call("add", number=1),
            DONE,
            NOTHING_MORE,
            answer("It is 6."),
        ],
        (5, "add", True, 'add {"number": 1}, when nothing was left to do'),
    ),
    "stopped_early": (
        "level:2",
        [plan("add 2"), *TWO, NOTHING_MORE, answer("It is 5.")],
        (5, None, False, 'left to do: add {"number": 3}'),
    ),
    "wrong_answer": (
        "level:2",
        [BOTH, *TWO, *THREE, NOTHING_MORE, answer("It is six.")],
        (6, None, False, "does not say 5, which step 4 has"),
    ),
    "refused": ("level:2", [refusal("no tool adds")], (3, None, False, "no tool adds")),
    "acted": (
        "refusal",
        [plan("bake"), call("add", number=1), DONE, NOTHING_MORE, answer("baked")],
        (3, "add", True, 'add {"number": 1}'),
    ),
}


def failed(cause: str, folder: Path, *words: str) -> str:
    """A run named `bad` whose only trial fails so; the trial's episode."""
    category, lines, _ = FAILURES[cause]
    write_lamp(folder)
    with serving(lines) as url:
        ended = coterie("eval", "run", f"lamp.yaml:{category}", "--base-url", url, "--name", "bad", "-q", *words)
    assert ended.code == 0, ended.stderr
    [result] = read_results(folder / "home" / "runs", "bad")[1]
    assert result.status == "failed", result
    return result.episodes[-1]


@pytest.mark.parametrize("cause", FAILURES)
def test_the_step_that_sank_a_trial_is_found_by_doing_it_again(home: Path, tmp_path: Path, cause: str) -> None:
    episode = failed(cause, tmp_path)
    told = json.loads(coterie("analyze", "--run", "bad", "--json").stdout)
    assert (told["failed"], told["causes"], told["skipped"]) == (1, {cause: 1}, [])
    [found] = told["analyses"]
    assert (found["episode"], found["cause"], found["mast"]) == (episode, cause, CAUSES[cause][0])
    assert (found["step_id"], found["tool"], found["decisive"], found["message"]) == FAILURES[cause][2]
    assert json.loads(coterie("analyze", episode, "--json").stdout)["analyses"] == [found], "by its id as well"


def test_a_spent_budget_is_the_cause_where_all_calls_were_right(home: Path, tmp_path: Path) -> None:
    failed("wrong_answer", tmp_path, "--max-tool-calls", "1")
    [found] = json.loads(coterie("analyze", "--run", "bad", "--json").stdout)["analyses"]
    assert (found["cause"], found["mast"]) == ("budget", "FM-1.5")
    assert "the budget of 1 tool_calls is spent" in found["message"]


def test_what_is_found_is_in_the_failure_log_once_and_warns_later_runs(home: Path, tmp_path: Path) -> None:
    episode = failed("wrong_argument", tmp_path)
    for _ in range(2):
        assert coterie("analyze", episode).code == 0
    with Store.open(home) as store:
        [logged] = store.failures.list(episode_id=episode)
        assert (logged.cause, logged.step_id, logged.decisive, logged.tool) == ("wrong_argument", 4, True, "add")
        namespace = store.namespaces("eval/bad/")[0]
        lessons = store.recall("Add 2 and 3 to the counter", 9, namespace, ["lesson"])
    assert len(lessons) == 1
    assert "wrong_argument at add: add: number 4 for 3" in lessons[0].text


def test_what_a_person_reads(home: Path, tmp_path: Path) -> None:
    episode = failed("wrong_argument", tmp_path)
    ended = coterie("analyze", "--run", "bad", "--html", "why.html")
    assert ended.stdout == (
        "   1  wrong_argument   called the right tool with a wrong argument\n\n"
        f"{episode}  add\n    wrong_argument, step 4 (decisive): add: number 4 for 3\n\n"
        "a decisive step is the one that sank the run, found by doing the trial again\n"
    )
    assert ended.stderr == "written: why.html\n"
    page = Path("why.html").read_text()
    assert "<h1>bad: why 1 runs failed</h1>" in page
    assert re.search(r"<td>wrong_argument<td><b>4</b><td>add: number 4 for 3", page)


def test_runs_that_are_no_trials_are_told_by_their_record(home: Path) -> None:
    gave_up = ["", *LOOK[:2], verdict("finish", "hopeless"), answer("cannot", failed=True)]
    for lines in (LOOK, gave_up, [refusal("no tool does that")]):
        with serving(lines) as url:
            coterie("run", TASK, "--tools", TOOLS, "--base-url", url, "--quiet")
    told = json.loads(coterie("analyze", "--json").stdout)
    assert told["causes"] == {"gave_up": 1, "refused": 1}
    [one] = [a for a in told["analyses"] if a["cause"] == "gave_up"]
    assert one["message"] == "cannot"
    assert [signal["kind"] for signal in one["signals"]] == ["malformed_turn"], "and it says where to look"


def test_what_is_gone_is_left_out_and_told(home: Path, tmp_path: Path) -> None:
    episode = failed("wrong_argument", tmp_path)
    assert coterie("episodes", "delete", episode, "--yes").code == 0
    ended = coterie("analyze", "--run", "bad")
    assert (ended.code, ended.stdout) == (0, "what failed could not be analysed\n")
    assert ended.stderr.startswith(f"note: no episode '{episode}'")


def test_a_run_that_is_no_trial_is_in_the_log_since_it_ended(home: Path) -> None:
    with serving([*LOOK[:2], verdict("finish", "hopeless"), answer("cannot", failed=True)]) as url:
        coterie("run", TASK, "--tools", TOOLS, "--base-url", url, "--quiet")
    with Store.open(home) as store:
        before = store.failures.list()
    assert coterie("analyze").code == 0
    with Store.open(home) as store:
        assert store.failures.list() == before
    assert len(before) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("ep-none",), "no episode 'ep-none'"),
        (("--run", "none"), "no run 'none'"),
        (("ep-1", "--run", "bad"), "give episodes, or a run with --run; not both"),
    ],
)
def test_bad_input(home: Path, words: tuple[str, ...], message: str) -> None:
    ended = coterie("analyze", *words)
    assert ended.code == 2
    assert message in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_nothing_failed(home: Path) -> None:
    assert coterie("analyze").stdout == "nothing failed\n"


def test_a_suite_that_was_edited_since_cannot_be_done_again(home: Path, tmp_path: Path) -> None:
    failed("refused", tmp_path)
    (tmp_path / "lamp.yaml").write_text((tmp_path / "lamp.yaml").read_text().replace("2 and 3", "2 and 9"))
    ended = coterie("analyze", "--run", "bad")
    assert ended.code == 2
    assert "has changed since run 'bad'" in ended.stderr
