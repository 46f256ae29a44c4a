"""The example tasks measure what they say, and the main example can be done as it is told."""

import asyncio
import importlib.util
import re
import shutil
from itertools import islice
from pathlib import Path

import pytest

from coterie.evals.scorers import states
from coterie.evals.selftest import self_test
from coterie.evals.suite import read_suite
from coterie.model import protocol
from coterie.model.training.data.registry import stream
from coterie.model.training.data.trajectory import chat
from coterie.tools import Registry, Tool, ToolResult
from coterie.tools.builtin import ToolContext, builtin_tools

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
ORDERS = EXAMPLES / "orders"


def test_twenty_tasks_over_five_tool_sets() -> None:
    suite = read_suite(EXAMPLES / "suite.yaml")
    assert len(suite.tasks) == 20
    assert len({task.environment for task in suite.tasks}) == 5
    tags = {tag for task in suite.tasks for tag in task.tags}
    assert {"parallel", "conditional", "recovery", "refusal", "memory"} <= tags
    assert {task.level for task in suite.tasks} == {1, 2, 3}


def test_references_pass_and_near_misses_do_not() -> None:
    assert asyncio.run(self_test(read_suite(EXAMPLES / "suite.yaml"))) == []


@pytest.fixture
def tools(tmp_path: Path) -> Registry:
    for name in ("orders.csv", "customers.csv", "policy.txt"):
        shutil.copy(ORDERS / name, tmp_path)
    spec = importlib.util.spec_from_file_location("carrier", ORDERS / "carrier.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    own = [value for value in vars(module).values() if isinstance(value, Tool)]
    return Registry([*own, *builtin_tools(ToolContext(tmp_path))])


def call(tools: Registry, name: str, **arguments: object) -> ToolResult:
    return asyncio.run(tools.get(name)(arguments))


def test_the_main_example_can_be_done_and_its_first_call_fails(tools: Registry, tmp_path: Path) -> None:
    task = (ORDERS / "task.txt").read_text()
    order = re.search(r"\border (\w+)", task)
    assert order is not None
    failed = call(tools, "days_late", order_id=order[1])
    assert failed.is_error
    assert "A-17" in failed.text, "the error says how the id is written"
    assert call(tools, "days_late", order_id="A-17").data == {"order_id": "A-17", "days_late": 6}
    assert "15 percent" in call(tools, "read_file", path="policy.txt").text
    rows = call(tools, "filter_table", path="orders.csv", column="order_id", value="A-17").data
    assert isinstance(rows, dict)
    assert "164" in str(rows["rows"])
    refund = call(tools, "calculate", expression="15% of 164").text
    assert states(refund, 24.6)
    assert not call(tools, "write_file", path="report.txt", content=f"Refund for A-17: {refund}").is_error
    assert states((tmp_path / "report.txt").read_text(), 24.6)


def test_the_carrier_agrees_with_the_orders_there_are(tools: Registry) -> None:
    lines = (ORDERS / "orders.csv").read_text().splitlines()[1:]
    for line in lines:
        assert not call(tools, "days_late", order_id=line.split(",")[0]).is_error


def distinctive() -> set[str]:
    """What nobody writes by chance: the tasks, their sums, quotations and texts, their ids, and the lines of files."""
    suite = read_suite(EXAMPLES / "suite.yaml")
    tasks = [task.task for task in suite.tasks] + [(ORDERS / "task.txt").read_text().strip()]
    data = "\n".join(
        path.read_text() for path in [*(EXAMPLES / "tasks").glob("*.yaml"), *(EXAMPLES / "tasks").glob("*.py")]
    )
    lines = [
        line
        for name in ("orders.csv", "customers.csv", "policy.txt")
        for line in (ORDERS / name).read_text().splitlines()
    ]
    sums = re.findall(r"\d+%? (?:of|[*/+-]) \d+", "\n".join(tasks))
    quoted = [text for text in re.findall(r'"([^"\n]+)"', data) if len(text.split()) > 2 and "{" not in text]
    assert sums
    assert quoted
    return {*tasks, *(task.id for task in suite.tasks), *sums, *quoted, *lines}


def test_none_of_them_is_in_prompts_tools_or_training_data(tmp_path: Path) -> None:
    cards = [tool.card() for tool in builtin_tools(ToolContext(tmp_path, allow_network=True))]
    drawn = [message["content"] for run in islice(stream(11), 300) for message in chat(run)]
    texts = "\n".join([repr(cards), Path(protocol.__file__).read_text(), *drawn])
    assert sorted(text for text in distinctive() if text in texts) == []
