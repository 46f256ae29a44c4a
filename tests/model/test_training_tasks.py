"""Tasks written one by one: what a file may say, that its runs are run, and that a wrong one is found."""

import random
from pathlib import Path

import pytest

from coterie.model.training.data.environments import written
from coterie.model.training.data.environments.catalog import Environment
from coterie.model.training.data.registry import catalog
from coterie.model.training.data.trajectory import Trajectory, chat

WORLD = (
    '& {"environment": "clinic", "state": {"today": "2025-05-23", "files": {"rota.txt": "Tuesday: Grace"}, "policies": '
    '{"missed visits": "A missed visit costs 30 % of its fee."}, "appointments": {"V-922": {"id": "V-922", "patient": '
    '"Ama Owusu", "doctor": "Rui", "date": "2025-06-16", "fee": 120.5, "status": "booked"}, "V-101": {"id": "V-101", '
    '"patient": "Bo Lind", "doctor": "Grace", "date": "2025-06-02", "fee": 80, "status": "requested"}}}}\n'
)
OWED = """\
? What would Ama Owusu owe if she stayed away? See the handbook on missed visits.
- Find the appointment of Ama Owusu
= appointments.search {"query": "Ama Owusu"}
n Her appointment is V-922.
- Get its fee [1]
= appointments.get {"id": "V-922"}
n The fee is 120.5.
- Read the handbook on missed visits
= docs.policy {"topic": "missed visits"}
n A missed visit costs 30 % of its fee.
- Work out what she would owe [2,3]
= calc.evaluate {"expression": "30% of 120.5"}
n It comes to 36.15.
! She would owe 36.15.
"""
EITHER = """\
? Book V-101 if it costs less than 50, otherwise put "too dear" into #desk.
- Look up V-101
= appointments.get {"id": "V-101"}
n replan: It costs 80, so only the message is due.
- Book V-101 if it costs less than 50 [1]
~ appointments.book {"id": "V-101"}
- Put "too dear" into #desk [1]
= chat.post {"channel": "#desk", "text": "too dear"}
n #desk has it.
! V-101 costs 80, so it was left; #desk has the message.
"""


@pytest.fixture(scope="module")
def environments() -> dict[str, Environment]:
    return {template.environment.name: template.environment for template in catalog().templates.values()}


def runs(text: str, environments: dict[str, Environment], count: int = 1) -> list[Trajectory]:
    made = written.templates_of(written.read(text, "t", environments))
    rng = random.Random(0)
    return [template.generate(rng, "train") for template in made for _ in range(count)]


def test_a_task_is_run_in_new_clothes_each_time(environments: dict[str, Environment]) -> None:
    done = [run for run in runs(WORLD + OWED, environments, 30) if run.answer and run.answer.status == "success"]
    assert len({run.steps[0].tool for run in done}) > 5
    for run in done:
        assert [step.do for step in run.plan.steps][:1] == ["Find the appointment of Ama Owusu"]
        assert [step.needs for step in run.plan.steps] == [(), (1,), (), (2, 3)]
        last = run.steps[-1].attempts[-1]
        assert "36.15" in (last.observation or "")
        assert list(last.arguments.values()) == ["30% of 120.5"]
        assert "36.15" in chat(run)[-1]["content"]


def test_a_plan_changes_where_a_condition_does_not_hold(environments: dict[str, Environment]) -> None:
    whole = [run for run in runs(WORLD + EITHER, environments, 20) if run.answer and len(run.steps) == 2]
    assert whole
    for run in whole:
        assert len(run.plan.steps) == 2
        assert [step.do for step in run.replans[1].steps] == ['Put "too dear" into #desk']
        verdicts = [a.verdict.word for step in run.steps for a in step.attempts if a.verdict]
        assert [word for word in verdicts if word != "retry"] == ["replan", "done"]


def test_what_nothing_can_do_is_refused(environments: dict[str, Environment]) -> None:
    [run] = runs(WORLD + "x Prescribe Ama Owusu something against her cough.", environments)
    assert run.plan.refusal == "No tool here can do this: prescribe Ama Owusu something against her cough."
    assert len(run.tools) >= 2
    assert not run.steps


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('{"id": "V-922"}\nn The', '{"id": "V-923"}\nn The', "V-923' does not follow"),
        ('{"query": "Ama Owusu"}', '{"query": "Bo Lind"}', "V-922' does not follow"),
        ("owe 36.15", "owe 40", "the answer says 40, which no result has"),
        ("! She would owe 36.15.\n", "", "no answer: What would"),
    ],
)
def test_a_run_that_does_not_hold_is_found(
    environments: dict[str, Environment],
    old: str,
    new: str,
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    assert old in OWED
    text = WORLD + OWED.replace(old, new)
    with pytest.raises(AssertionError, match=message):
        runs(text, environments)
    path = tmp_path / "t.txt"
    path.write_text(text, "utf-8")
    written.main([path])
    found = capsys.readouterr().out
    assert "WRONG: " in found
    assert "1 tasks, 0 of them to be refused, 1 that do not run" in found


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("? Book it\n- Book it\n= appointments.buy {}", "t.txt, line 4: clinic has no operation 'appointments.buy'"),
        ('? Book it\n- Book it\n= appointments.book {"no": 1}', "line 4: appointments.book takes no no"),
        ("? Book it\n- Book it\n= appointments.book {id}", "line 4: Expecting property name"),
        ("? Book it\n= appointments.book {}", "line 3: this line may not stand here: = appointments.book"),
        ("? Book it\n? Book it", "line 3: this task stands here twice"),
        ("- Book it", "line 2: a task begins with \\? or x"),
        ('& {"environment": "clinic", "state": {"pets": {}}}', "line 2: clinic has no pets; it has today"),
        ('& {"environment": "clinics", "state": {}}', "line 2: no environment 'clinics'; there are workspace"),
        ('& {"environment": "clinic"}', "line 2: a world has environment and state, not environment"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_with_its_line(
    environments: dict[str, Environment], lines: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        written.read(WORLD + lines, "t", environments)
    with pytest.raises(ValueError, match=r"t\.txt, line 1: the first line is the world"):
        written.read(lines.replace("&", "?"), "t", environments)


def test_every_file_here_runs_and_none_is_of_a_held_out_environment() -> None:
    templates = written.load()
    assert len(templates) > 400
    assert not {"museum", "farm"} & {template.environment.name for template in templates}
    assert all(template.split in ("train", "held_template") for template in templates)
    for number, template in enumerate(templates):
        template.generate(random.Random(number), "train")
