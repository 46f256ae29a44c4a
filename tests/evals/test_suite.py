"""Reading suites: what is accepted, and how wrong ones are reported."""

import asyncio
import json
import re
from pathlib import Path

import pytest
from tests.evals.suite_files import LAMP, SUITE, write_lamp

from coterie.evals import suites
from coterie.evals.located import SuiteError, read
from coterie.evals.selftest import self_test
from coterie.evals.suite import read_suite


def test_a_suite_is_read_with_its_environment(tmp_path: Path) -> None:
    suite = read_suite(write_lamp(tmp_path))
    assert [task.id for task in suite.tasks] == ["on", "add", "flaky", "again", "cannot"]
    environment = suite.environments["lamp"].make(tmp_path)
    environment.reset({"count": 7})
    assert environment.state() == {"lamp": "off", "count": 7}
    assert [tool.name for tool in environment.tools()] == ["switch", "add"]


def test_two_environments_of_one_module_share_nothing(tmp_path: Path) -> None:
    factory = read_suite(write_lamp(tmp_path)).environments["lamp"]
    one, other = factory.make(tmp_path), factory.make(tmp_path)
    one.reset({"lamp": "on"})
    other.reset({})
    assert other.state()["lamp"] == "off"


def test_tasks_may_come_from_jsonl_and_yaml_files(tmp_path: Path) -> None:
    path = write_lamp(tmp_path)
    tasks = read(path).value["tasks"]
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(task) for task in tasks[:2]) + "\n\n")
    (tmp_path / "b.yaml").write_text(json.dumps(tasks[2:]))
    path.write_text("name: lamp\nenvironments: {lamp: lamp.py}\ndata: [a.jsonl, b.yaml]\n")
    assert len(read_suite(path).tasks) == 5


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    level: 2\n", "    level: 9\n", r"lamp\.yaml:14: level: Input should be 1, 2 or 3"),
        ("    level: 2\n", "    levle: 2\n", r"lamp\.yaml:14: levle: Extra inputs are not permitted"),
        ("  - id: add\n", "  - id: on\n", r"lamp\.yaml:12: id: 'on' is used by 2 tasks"),
        ("lamp\n    level: 2", "lmap\n    level: 2", r"lamp\.yaml:13: .*unknown 'lmap'.*'lamp'"),
        ("    task: Bake a cake.\n", "", r"lamp\.yaml:41: task: Field required"),
        ("{lamp: lamp.py}", "{lamp: lump.py}", r"lamp\.yaml:3: environments\.lamp: no file"),
        ("{lamp: lamp.py}", "{lamp: 'lamp.py:Lamp'}", r"lamp\.yaml:3: .*Lamp"),
        ("name: lamp\n", "name: lamp\nname: lump\n", r"lamp\.yaml:3: 'name' is given twice"),
        ("name: lamp\n", "name: [\n", r"lamp\.yaml:\d+: not YAML"),
        ("arguments: {number: 2}}, {", "argumints: {number: 2}}, {", r"yaml:17: reference\.calls\.0\.argumints"),
        ("    near_misses: [{why: nothing done, answer: It is on.}]\n", "", r"near_misses: give at least one"),
        ("/count: 8", "/count: {$like: 8}", r"yaml:38: expect\.changes\./count: unknown matcher '\$like'; have \$co"),
        (
            "/count: 8",
            "/count: {$number: yes}",
            r"yaml:38: expect\.changes\./count: \$number takes a number, got 'yes'",
        ),
        ("/count: 8", "/count: {$append: [{a: {$is: 1}}]}", r"yaml:38: .*unknown matcher '\$is'"),
        ("/count: 8", "/count: {$contains: x}", r"yaml:38: .*\$contains takes a list of facts"),
        (
            "{tool: switch, error",
            "{tool: swich, error",
            r"yaml:24: faults\.0\.tool: unknown tool 'swich'; have .*'switch'",
        ),
        ("level: 2", "level: 2\n    ? [a, b]\n    : c", r"yaml:15: a key must be a single value, got a sequence"),
        ("Bake a cake", "Bake\x07a cake", r"yaml:44: not YAML: a character U\+0007"),
        ("[easy]", "&a [*a]", r"yaml:1: nested too deeply, or an anchor inside itself"),
    ],
)
def test_a_wrong_suite_is_reported_by_file_line_and_field(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in SUITE
    with pytest.raises(SuiteError, match=message):
        read_suite(write_lamp(tmp_path, SUITE.replace(old, new, 1)))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("def add(number: int) -> int:", "def add(number: int -> int:", r"lamp\.py:\d+: SyntaxError: "),
        ('STATE = {"lamp"', 'STATE = {"lamb": lamb, "lamp"', r"lamp\.py:6: NameError: name 'lamb' is not defined"),
    ],
)
def test_an_environment_that_cannot_be_loaded_is_reported_by_file_and_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in LAMP
    with pytest.raises(SuiteError, match=r"lamp\.yaml:3: environments\.lamp: .*" + message):
        read_suite(write_lamp(tmp_path, tools=LAMP.replace(old, new, 1)))


def test_every_problem_is_reported_at_once(tmp_path: Path) -> None:
    wrong = SUITE.replace("level: 2", "level: 9").replace("level: 3", "level: 8")
    with pytest.raises(SuiteError) as caught:
        read_suite(write_lamp(tmp_path, wrong))
    assert len(str(caught.value).splitlines()) == 3


def test_a_suite_without_tasks_and_a_missing_file_are_errors(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="no tasks"):
        read_suite(write_lamp(tmp_path, "name: lamp\nenvironments: {lamp: lamp.py}\n"))
    with pytest.raises(SuiteError, match=r"nowhere\.yaml: cannot be read"):
        read_suite(tmp_path / "nowhere.yaml")
    (tmp_path / "bad.jsonl").write_text('{"id": 1}\n{"id": }\n')
    with pytest.raises(SuiteError, match=r"bad\.jsonl:2: not JSON"):
        read(tmp_path / "bad.jsonl")


def test_a_tool_module_needs_a_state(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="STATE"):
        read_suite(
            write_lamp(tmp_path, tools=LAMP.replace("STATE =", "WORLD = STATE =").replace("WORLD = STATE", "WORLD"))
        )


def test_a_family_lies_in_one_split(tmp_path: Path) -> None:
    torn = SUITE.replace("level: 2", "level: 2\n    family: f").replace(
        "tags: [memory]", "tags: [memory]\n    family: f\n    split: sealed"
    )
    with pytest.raises(SuiteError, match="family 'f' lies in both splits"):
        read_suite(write_lamp(tmp_path, torn))


def test_dates_and_yes_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("a: 2026-03-14\nb: yes\nc: true\nd: 3\n")
    assert read(path).value == {"a": "2026-03-14", "b": "yes", "c": True, "d": 3}


def test_the_digest_changes_with_the_suite_and_with_its_tools(tmp_path: Path) -> None:
    digests = {
        read_suite(write_lamp(tmp_path / "1")).digest,
        read_suite(write_lamp(tmp_path / "2", SUITE.replace("Bake", "Make"))).digest,
        read_suite(write_lamp(tmp_path / "3", tools=LAMP.replace("Switch the lamp", "Turn the lamp"))).digest,
    }
    assert len(digests) == 3
    assert read_suite(write_lamp(tmp_path / "4")).digest in digests


def test_selecting_by_tag_level_and_limit(tmp_path: Path) -> None:
    suite = read_suite(write_lamp(tmp_path))
    assert [task.id for task in suite.select("level:3")] == ["flaky", "again"]
    assert [task.id for task in suite.select("easy")] == ["on"]
    assert suite.select(limit=2) == (suite.tasks[0], suite.tasks[len(suite.tasks) // 2])
    assert suite.select(limit=99) == suite.tasks
    with pytest.raises(SuiteError, match=r"no category 'hard'; have .*easy"):
        suite.select("hard")


def test_the_documented_suite_is_sound(tmp_path: Path) -> None:
    text = (Path(suites.__file__).parent / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```(python|yaml)\n(.*?)```", text, re.DOTALL)
    assert [language for language, _ in blocks] == ["python", "yaml"]
    (tmp_path / "lamp.py").write_text(blocks[0][1])
    (tmp_path / "lamp.yaml").write_text(blocks[1][1])
    assert asyncio.run(self_test(read_suite(tmp_path / "lamp.yaml"))) == []
