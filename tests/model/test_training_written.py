"""Requests written one by one: what a file may say, and the runs that are made of it."""

import random
import re
from collections import Counter
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from coterie.model import protocol
from coterie.model.training.data.apis import sheets, written
from coterie.model.training.data.apis.sheets import Sheets
from coterie.model.training.data.own_words import MAX_WORDS
from coterie.model.training.data.trajectory import Split, Trajectory, left_out, turns

LAMP = (
    '@ {"name": "lamp", "description": "Set a lamp.", "parameters": {"type": "object", "properties": '
    '{"room": {"type": "string"}, "percent": {"type": "integer", "maximum": 100}}, "required": ["room"]}}\n'
)


def test_a_file_has_functions_and_requests_with_their_calls() -> None:
    domain = written.read(
        f"# a remark\n{LAMP}\n? Light in the hall\n= lamp {{\"room\": \"hall\"}}\n"
        '? Hall and attic,\\nboth at half\n- Hall at half\n= lamp {"room": "hall", "percent": 50}\n'
        '- Attic at half\n= lamp {"room": "attic", "percent": 50}\nx Feed the cat\n',
        "home",
    )  # fmt: skip
    assert list(domain.functions) == ["lamp"]
    first, second, third = domain.requests
    assert (first.text, [c.arguments for c in first.calls]) == ("Light in the hall", [{"room": "hall"}])
    assert second.text == "Hall and attic,\nboth at half"
    assert [call.step for call in second.calls] == ["Hall at half", "Attic at half"]
    assert third == written.Request("Feed the cat")
    assert [(call.name, name, item) for call, name, item in written.unsaid(second)] == [("lamp", "percent", 50)] * 2


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("? Hall\n", "the request 'Hall' ends without a call"),
        ('? Hall\n= light {"room": "hall"}', "line 3: 'light' is no function above this line"),
        ('? Hall\n= lamp {"room": "hall", "tone": 1}', "line 3: lamp has no parameter tone"),
        ('? Hall\n= lamp {"room": "hall", "percent": 101}', "line 3: lamp: 101 is greater than the maximum of 100"),
        ('? Hall\n= lamp {"percent": 1}', "line 3: lamp: 'room' is a required property"),
        ('? Hall\n= lamp {"room": hall}', "line 3: Expecting value"),
        ('? A\n= lamp {"room": "a"}\n= lamp {"room": "b"}', "every call of 'A' needs a step before it"),
        ('? A\n- a\n= lamp {"room": "a"}\n- a\n= lamp {"room": "b"}', "two steps of 'A' are the same"),
        ('? A\n- a\n= lamp {"room": "a"}\n- b\n', "the request 'A' ends without a call"),
        (f"? A\n- {'a ' * (MAX_WORDS + 1)}\n", f"a step has at most {MAX_WORDS} words, this one has {MAX_WORDS + 1}"),
        ("x Feed the cat\nx Feed the cat\n", "line 3: this request stands here twice"),
        ("- a step of nothing\n", "line 2: a line begins with @, \\?, -, = or x"),
        ('@ {"name": "b", "parameters": {}}', "line 2: a function has name, description and parameters"),
        ('@ {"name": "b", "description": "", "parameters": {"type": "thing"}}', "line 2: 'thing' is not valid"),
        (LAMP, "line 2: lamp is there twice"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_with_its_line(lines: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"home.txt.*{message}|{message}"):
        written.read(LAMP + lines, "home")


def test_the_checker_lists_what_to_look_at(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "home.txt"
    path.write_text(LAMP + '? Hall, half\n= lamp {"room": "Hall", "percent": 50}\n', "utf-8")
    written.main([path])
    look, summary = capsys.readouterr().out.splitlines()
    assert look == "  look: 'Hall, half': lamp.percent = 50"
    assert summary.endswith("1 functions, 1 requests, 0 of several calls, 0 of none")
    with pytest.raises(SystemExit, match=r"No such file.*no\.txt"):
        written.main([tmp_path / "no.txt"])


def test_every_file_here_reads() -> None:
    domains = written.load()
    requests = [request for domain in domains for request in domain.requests]
    assert sum(len(domain.functions) for domain in domains) > 500
    assert len(requests) > 3500
    assert sum(len(request.calls) > 1 for request in requests) > 1000
    assert sum(not request.calls for request in requests) > 500


def drawn(split: Split, count: int, seed: int = 0) -> list[Trajectory]:
    draw, rng = Sheets(), random.Random(seed)
    return [draw(rng, split) for _ in range(count)]


@pytest.mark.parametrize("split", ["train", "held_template", "held_family"])
def test_runs_are_whole(split: Split) -> None:
    for run in drawn(split, 300):
        tools = {tool.name: tool.parameters for tool in run.tools}
        assert len(tools) == len(run.tools)
        for step in run.steps:
            Draft202012Validator(tools[step.tool]).validate(dict(step.attempts[0].arguments))
        learned = [step for plan in run.replans.values() for step in plan.steps] if run.replans else run.plan.steps
        assert all(len(step.do.split()) <= MAX_WORDS and "\n" not in step.do for step in learned)
        assert bool(run.plan.refusal) != bool(run.plan.steps)


def test_every_request_comes_once_before_any_comes_again_and_held_ones_never() -> None:
    count = 2500
    asked = Counter(run.task for run in drawn("train", count) if run.alone == 1)
    held = {request.text for domain in written.load() for request in domain.requests if sheets.is_held(request)}
    assert max(asked.values()) == 1
    assert not asked.keys() & held
    assert {run.task for run in drawn("held_template", 60) if run.alone == 1} <= held
    families = [
        {step.tool.lower().replace("_", "") for run in drawn(split, 400) for step in run.steps}
        for split in ("train", "held_family")
    ]
    assert not families[0] & families[1]


def test_sheets_are_asked_for_several_things_that_their_tools_cannot_do() -> None:
    wanted = {r.text: {plain(call.name) for call in r.calls} for d in written.load() for r in d.requests if r.calls}
    strange: dict[str, list[str]] = {}
    for run in drawn("train", 1500):
        if run.plan.refusal and run.task in wanted:
            strange.setdefault(protocol.system(run.tools)["content"], []).append(run.task)
            assert not any(plain(tool.name).endswith(name) for tool in run.tools for name in wanted[run.task])
    assert max(map(len, strange.values())) == 6
    assert all(len(set(tasks)) == len(tasks) for tasks in strange.values())
    assert sum(map(len, strange.values())) > 300


def plain(name: str) -> str:
    return name.lower().replace("_", "").replace(".", "")


def test_a_request_for_several_calls_is_a_run_for_each_as_a_caller_drafts_them() -> None:
    runs = [run for run in drawn("train", 200) if len(run.steps) == 2]
    first = next(run for run in runs if run.alone == 1)
    second = next(run for run in runs if run.alone == 2 and run.task == first.task)
    chat = list(turns(second))
    assert [message for message, _ in chat[:3]] == [message for message, _ in list(turns(first))[:3]]
    assert [learned for _, learned in chat] == [False, False, False, False, True]
    assert [learned for _, learned in turns(first)] == [False, False, True, False, True]
    step = second.steps[1]
    assert chat[3][0] == protocol.ask_step(2, step.planned.do, step.planned.known, step.candidates)


def test_memory_has_other_requests_of_the_sheet_and_never_the_one_that_is_asked() -> None:
    rng, sheets = random.Random(2), Sheets()
    runs = [sheets(rng, "train") for _ in range(400)]
    remembering = [run for run in runs if run.recalled]
    assert 60 < len(remembering) < 140
    assert any(run.plan.refusal for run in remembering)
    for run in remembering:
        shown = {tool.name for tool in run.tools}
        told = [re.fullmatch(r'\[solved before\] "(.+)" with (.+)', line) for line in run.recalled]
        for line in told:
            assert line is not None
            assert not run.task.startswith(line[1].rstrip("…"))
            assert {name.split("×")[0] for name in line[2].split(" -> ")} <= shown


def test_the_same_seed_gives_the_same_runs() -> None:
    assert drawn("train", 50, seed=4) == drawn("train", 50, seed=4)
    assert drawn("train", 50, seed=4) != drawn("train", 50, seed=5)


def test_a_request_is_gone_over_as_the_caller_does_and_only_what_remains_is_learned() -> None:
    wanted = {r.text: len(r.calls) for d in written.load() for r in d.requests}
    gone = [run for run in drawn("train", 2500) if run.replans]
    assert not any(run.replans for split in ("held_template", "held_family") for run in drawn(split, 300))
    remaining = Counter[tuple[int, int]]()
    for run in gone:
        [(kept, rest)] = run.replans.items()
        assert kept + len(rest.steps) == wanted[run.task]
        assert len(run.steps) == len(run.plan.steps) == kept
        assert (rest.first, left_out(run, kept) != []) == (kept + 1, True)
        said = list(turns(run))
        assert said[-2][0] == protocol.ask_replan(kept + 1, left_out(run, kept))
        assert said[-1] == (protocol.say(rest), True)
        assert not any(learned for _, learned in said[:-1])
        remaining[wanted[run.task], len(rest.steps)] += 1
    assert min(remaining[1, 0], remaining[2, 0], remaining[2, 1]) > 5
