"""`coterie replay` and `coterie diff` as they are run: by the record, live, edited, in a suite's environment again."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.agent.model_server import serving
from tests.agent.scripts import DONE, answer, call, plan, refusal, verdict
from tests.agent.test_cli import LOOK, TASK, TOOLS, Ended, coterie, home
from tests.evals.suite_files import write_lamp

from coterie.evals.results import read_results
from coterie.memory.store import Store

__all__ = ["home"]

TWICE = [
    plan("add 2", ("add 3 to it", [1])),
    call("add", number=2),
    DONE,
    call("add", number=4),
    verdict("done", "it is 6"),
    '{"steps": []}',
    answer("It is 6."),
]


@pytest.fixture
def looked(home: Path) -> str:
    """The id of a recorded run over two tools."""
    with serving(LOOK) as url:
        ended = coterie("run", TASK, "--tools", TOOLS, "--base-url", url, "--json")
    assert ended.code == 0, ended.stderr
    return str(json.loads(ended.stdout)["id"])


@pytest.fixture
def failed(home: Path, tmp_path: Path) -> str:
    """The id of a trial that did not pass: it added 2 and 4 in place of 2 and 3."""
    write_lamp(tmp_path)
    with serving(TWICE) as url:
        words = ("eval", "run", "lamp.yaml:level:2", "--base-url", url, "--name", "once", "--quiet", "--json")
        ended = coterie(*words)
    assert ended.code == 0, ended.stderr
    [result] = read_results(home / "runs", "once")[1]
    assert result.status == "failed"
    return result.episodes[-1]


def live(episode: str, lines: list[str], *words: str) -> Ended:
    with serving(lines) as url:
        return coterie("replay", episode, "--live", "--base-url", url, *words)


def edit(folder: Path, what: object) -> str:
    path = folder / "edit.json"
    path.write_text(json.dumps(what))
    return str(path)


def test_a_run_is_replayed_without_its_tools_and_its_server(looked: str, tmp_path: Path) -> None:
    before = Store.open(tmp_path / "home").episodes.list().total
    ended = coterie("replay", looked)
    assert (ended.code, ended.stderr) == (0, "")
    assert ended.stdout == (
        f"{looked}  5 steps, 6 completions and 2 results from the record; nothing was called\n"
        "the same as recorded, every step's state by its hash: success\n"
    )
    told = json.loads(coterie("replay", looked, "--json").stdout)
    assert {"episode", "steps", "model_calls", "tool_calls", "outcome", "drift", "drift_step", "note"} <= set(told)
    assert (told["drift"], told["outcome"]["status"]) == (None, "success")
    assert Store.open(tmp_path / "home").episodes.list().total == before


def test_drift_is_told_and_exits_with_1(looked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coterie.model.protocol.RULES", "You are somebody else.")
    ended = coterie("replay", looked)
    assert ended.code == 1
    assert "drift at step 2, model-2-plan-1, message 1 (system): recorded 'You are Coterie" in ended.stdout
    told = json.loads(coterie("replay", looked, "--json").stdout)
    assert told["drift_step"] == 2


def test_live_from_a_step_on(looked: str) -> None:
    ended = live(looked, LOOK[3:], "--from", "4")
    assert ended.code == 0, ended.stderr
    [made] = re.findall(r"trial 1  (ep-\w+)  success; the same to the end", ended.stdout)
    assert "0 of 1 ended otherwise than success: flip rate 0% (0% to 79%)" in ended.stdout
    same = coterie("diff", looked, made)
    assert (same.code, same.stdout) == (0, "the same: every step, completion and result\n")


def test_an_edited_result_takes_the_run_elsewhere(looked: str, tmp_path: Path) -> None:
    what = edit(tmp_path, {"step": 3, "result": '{"id": "A-17", "status": "shipped"}'})
    ended = live(looked, [verdict("finish", "not late"), answer("A-17 is not late")], "--edit", what, "--json")
    assert ended.code == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert {"episode", "was", "trials", "flip_rate", "interval"} <= set(told)
    [trial] = told["trials"]
    assert (trial["first_difference"]["step_id"], trial["first_difference"]["field"]) == (
        3,
        "model-3-judge-1, messages",
    )
    parted = coterie("diff", looked, trial["episode"])
    assert parted.code == 1
    assert parted.stdout.startswith("step 3  model-3-judge-1, messages\n")
    assert "shipped" in parted.stdout
    data = json.loads(coterie("diff", looked, trial["episode"], "--json").stdout)
    assert (data["same"], data["episodes"]) == (False, [looked, trial["episode"]])
    assert any("not late" in each["second"] for each in data["differences"])


def test_trials_that_end_otherwise_are_counted(looked: str) -> None:
    gave_up = [LOOK[3], verdict("finish", "no use"), answer("no", failed=True)]
    ended = live(looked, [*LOOK[3:], *gave_up], "--from", "4", "--trials", "2")
    assert ended.code == 0, ended.stderr
    assert "1 of 2 ended otherwise than success: flip rate 50% (9% to 91%)" in ended.stdout
    assert "note: at temperature 0 seeds make no difference; give --temperature" in ended.stderr


def test_a_trial_is_forked_in_its_environment_and_judged_by_its_suite(failed: str, tmp_path: Path) -> None:
    again = live(failed, TWICE[3:], "--from", "4")
    assert again.code == 0, again.stderr
    assert "failed (success): /count should be 5, is 6" in again.stdout, again.stdout
    assert "0 of 1 ended otherwise than failed" in again.stdout
    what = edit(tmp_path, {"step": 4, "call": {"name": "add", "arguments": {"number": 3}}})
    mended = live(failed, [verdict("done", "it is 5"), '{"steps": []}', answer("It is 5.")], "--edit", what)
    assert mended.code == 0, mended.stderr
    assert "passed (success); parts at step 4, model-4-act-1, completion" in mended.stdout, mended.stdout
    assert "1 of 1 ended otherwise than failed: flip rate 100%" in mended.stdout


def test_all_of_a_run_is_replayed_from_its_records(failed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = coterie("replay", "--run", "once")
    assert (ended.code, ended.stdout) == (0, "1 of 1 episodes of once are as recorded (6 steps)\n")
    monkeypatch.setattr("coterie.model.protocol.RULES", "You are somebody else.")
    ended = coterie("replay", "--run", "once")
    assert ended.code == 1
    assert ended.stdout.startswith(f"{failed}  drift at step 2, model-2-plan-1, message 1 (system)")
    told = json.loads(coterie("replay", "--run", "once", "--json").stdout)
    assert (told["episodes"], told["drifted"], told["replays"][0]["drift_step"]) == (1, 1, 2)


def test_an_environment_that_answers_otherwise_is_told(failed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coterie.agent.fork.as_data", lambda text: f"{text}!")
    ended = live(failed, TWICE[3:], "--from", "4")
    assert ended.code == 2
    assert ended.stderr == "coterie: step 3, result of add, made again: recorded '2', now '2!'\n"


def test_a_suite_that_was_edited_since_is_not_forked_in(failed: str, tmp_path: Path) -> None:
    (tmp_path / "lamp.yaml").write_text((tmp_path / "lamp.yaml").read_text().replace("2 and 3", "2 and 9"))
    ended = live(failed, TWICE[3:], "--from", "4")
    assert ended.code == 2
    assert "has changed since run 'once'" in ended.stderr
    assert coterie("replay", failed).code == 0, "its record has not"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("replay", "ep-none"), "no episode 'ep-none'"),
        (("replay", "EPISODE", "--from", "3"), "changes nothing; add --live to leave it at a step"),
        (("replay", "EPISODE", "--trials", "3"), "add --live"),
        (("replay", "EPISODE", "--live", "--from", "9"), "has no step 9; it has 5"),
        (("replay", "EPISODE", "--live", "--edit", "none.json"), "the edit none.json cannot be read"),
        (("diff", "EPISODE", "ep-none"), "no episode 'ep-none'"),
        (("replay",), "say which episode to replay, or which run's with --run"),
        (("replay", "EPISODE", "--run", "x"), "say which episode to replay"),
        (("replay", "--run", "x", "--live"), "give one episode to go --live"),
        (("replay", "--run", "x"), "no run 'x'"),
    ],
)
def test_bad_input(looked: str, words: tuple[str, ...], message: str) -> None:
    ended = coterie(*(looked if word == "EPISODE" else word for word in words))
    assert ended.code == 2
    assert message in ended.stderr
    assert ended.stderr.startswith("coterie: ")
    assert ended.stderr.count("\n") == 1


def test_a_run_that_asked_says_who_approves_now(looked: str, home: Path) -> None:
    with Store.open(home) as store:
        past = store.episodes.get(looked)
        settings = {**past.config["settings"], "approve": "ask"}
        store.episodes.add(replace(past, id="ep-asked", config={**past.config, "settings": settings}))
    ended = live("ep-asked", LOOK[3:], "--from", "4")
    assert ended.code == 2
    assert "say --approve auto or --approve deny" in ended.stderr
    assert live("ep-asked", LOOK[3:], "--from", "4", "--approve", "auto").code == 0


def test_runs_of_other_agents_have_no_states(home: Path, tmp_path: Path) -> None:
    write_lamp(tmp_path)
    with serving([refusal("no")] * 9) as url:
        coterie("eval", "run", "lamp.yaml:level:2", "--agent", "reference", "--base-url", url, "--name", "ref", "-q")
    [result] = read_results(home / "runs", "ref")[1]
    ended = coterie("replay", result.episodes[-1])
    assert ended.code == 2
    assert "is of another agent, which left no states: there is nothing to replay" in ended.stderr
