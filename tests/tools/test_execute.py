"""The whole way of a call: bad tools, approval, the ledger before and after a crash, cancellation, truncation."""

import asyncio
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import AfterValidator

from coterie.tools import (
    CallKey,
    MemoryLedger,
    Prior,
    Tool,
    ToolError,
    ToolResult,
    ToolSpec,
    ToolUnavailable,
    approver,
    execute,
    tool,
)
from coterie.tools.arguments import validate_by_schema


async def yes(spec: ToolSpec, arguments: dict[str, Any]) -> bool:
    return True


async def call(made: Tool, arguments: dict[str, Any] | None = None, **options: Any) -> ToolResult:
    given = arguments or {}
    options = {"approve": yes, "ledger": MemoryLedger(), "key": CallKey.of("ep", 1, made.name, given)} | options
    return await execute(made, given, **options)


class Counter:
    """A tool that counts how often it ran."""

    def __init__(self) -> None:
        self.runs = 0

    def pay(self, amount: int = 1) -> int:
        self.runs += 1
        return self.runs


# --- tools that misbehave


async def test_a_number_too_long_for_python_to_write_is_text() -> None:
    def power() -> list[int]:
        return [2**20000, 3]

    result = await call(tool(power))
    assert not result.is_error
    assert isinstance(result.data, list)
    digits = str(result.data[0])
    assert (len(digits), digits[:6], result.data[1]) == (6021, "398027", 3)


async def test_a_validator_that_fails_itself_is_a_failure() -> None:
    def known(code: str) -> str:
        return {"a": "A"}[code]

    def look(code: Annotated[str, AfterValidator(known)]) -> str:
        return code

    for result in (await call(tool(look), {"code": "b"}), await tool(look)({"code": "b"})):
        assert result.error_kind == "exception"
        assert result.text == "look was not run: its arguments could not be checked: KeyError: 'b'"


async def test_a_schema_that_cannot_be_checked_is_a_failure() -> None:
    class Remote:
        def check(self, arguments: object) -> dict[str, Any]:
            schema = {"properties": {"name": {"type": "string", "pattern": r"^\p{L}+$"}}}
            return validate_by_schema("greet", schema, arguments)

        async def run(self, checked: dict[str, Any]) -> str:
            raise AssertionError("never run")

    result = await call(Tool(ToolSpec("greet", "", {}), Remote()), {"name": "Ada"})
    assert result.error_kind == "exception"
    assert "bad escape" in result.text


async def test_unexpected_exception_hides_the_traceback_but_keeps_it() -> None:
    def broken() -> None:
        raise KeyError("total")

    result = await call(tool(broken))
    assert (result.error_kind, result.text) == ("exception", "broken failed: KeyError: 'total'")
    assert isinstance(result.data, dict)
    assert "test_execute.py" in str(result.data["traceback"])


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), StopIteration("x"), asyncio.CancelledError()])
async def test_tools_cannot_stop_the_program(error: BaseException) -> None:
    def sync() -> None:
        raise error

    assert (await call(tool(sync))).error_kind == "exception"


async def test_async_tools_cannot_stop_the_program() -> None:
    async def leaves() -> None:
        sys.exit(1)

    async def cancels() -> None:
        raise asyncio.CancelledError

    assert (await call(tool(leaves))).error_kind == "exception"
    assert (await call(tool(cancels))).error_kind == "exception"


async def test_hanging_sync_tool_does_not_hold_the_loop() -> None:
    ended = threading.Event()

    def spins() -> None:
        try:
            while True:
                sum(range(100))
        finally:
            ended.set()

    started = time.monotonic()
    result = await call(tool(timeout_s=0.2)(spins))
    assert time.monotonic() - started < 2
    assert result.error_kind == "timeout"
    assert "0.2 s" in result.text
    assert "check before you try again" in result.text
    assert await asyncio.to_thread(ended.wait, 5), "a pure Python loop is stopped"


async def test_blocked_and_stubborn_tools_are_left_behind() -> None:
    release = threading.Event()

    def blocks() -> None:
        release.wait(10)

    async def stubborn() -> None:
        for _ in range(8):
            try:
                await asyncio.sleep(0.3)
            except asyncio.CancelledError:
                continue

    started = time.monotonic()
    results = await asyncio.gather(call(tool(timeout_s=0.1)(blocks)), call(tool(timeout_s=0.1)(stubborn)))
    assert time.monotonic() - started < 2
    assert [result.error_kind for result in results] == ["timeout", "timeout"]
    release.set()
    await asyncio.sleep(2.4)  # until the stubborn one is done, so that the loop closes clean


async def test_megabytes_printed_stay_off_our_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    def chatty() -> str:
        for _ in range(200):
            print("x" * 10_000)
        sys.stderr.write("end of it")
        sys.stdout.buffer.write(b"bytes")
        return "fine"

    result = await call(tool(chatty))
    print("ours")
    assert result.text == "fine"
    assert len(result.printed) < 30_000
    assert "characters more" in result.printed
    assert result.printed.endswith("end of itbytes")
    assert capsys.readouterr().out == "ours\n"


async def test_prints_of_parallel_tools_are_kept_apart(capsys: pytest.CaptureFixture[str]) -> None:
    def says(word: str) -> None:
        for _ in range(20):
            print(word)
            time.sleep(0.001)

    made = tool(says)
    results = await asyncio.gather(*(call(made, {"word": word}) for word in "abc"))
    assert [set(result.printed.split()) for result in results] == [{"a"}, {"b"}, {"c"}]
    assert results[0].text == "\n".join("a" * 20), "what a tool prints is its result if it returns nothing"
    assert capsys.readouterr().out == ""


class Opaque:
    """Nothing JSON knows of."""


def endless() -> Iterator[int]:
    value = 0
    while True:
        value += 1
        yield value


def cyclic() -> list[Any]:
    own: list[Any] = []
    own.append(own)
    return own


@pytest.mark.parametrize("value", [Opaque(), {"a": [Opaque()]}, b"\xff\xfe", cyclic(), endless(), lambda: 1])
async def test_unserialisable_results(value: object) -> None:
    def gives() -> object:
        return value

    result = await call(tool(gives))
    assert result.error_kind == "result"
    assert "gives" in result.text
    assert "return" in result.text.lower()


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (frozenset([1]), [1]),
        ((1, 2), [1, 2]),
        (Path("a"), "a"),
        (float("inf"), "inf"),
        ("a\ud800b", "a?b"),
        ({"x": [float("nan"), "\udfff"]}, {"x": ["nan", "?"]}),
        (iter("ab"), ["a", "b"]),
        (None, None),
    ],
)
async def test_serialisable_results(value: object, data: object) -> None:
    def gives() -> object:
        return value

    assert (await call(tool(gives))).data == data


async def test_megabytes_returned_are_cut_and_kept_on_disk(tmp_path: Path) -> None:
    text = "".join(f"{number}\n" for number in range(300_000))

    def big() -> str:
        return text

    result = await call(tool(big), max_chars=1000, spill=tmp_path / "new" / "folder")
    assert result.truncated
    assert result.full_path is not None
    assert result.full_path.read_text() == text
    assert f"{len(text) - 1000:,} characters more, kept with the episode, out of reach of the tools" in result.text
    assert str(tmp_path) not in result.text, "the workspace would refuse it"
    assert result.text.startswith("0\n1\n")
    assert result.text.endswith("299999\n")
    assert result.data is None


async def test_what_is_kept_on_disk_is_masked_and_the_owners(tmp_path: Path) -> None:
    def big() -> str:
        return "secret " + "x" * 500

    result = await call(tool(big), max_chars=100, spill=tmp_path, redact=lambda text: text.replace("secret", "***"))
    assert result.text.startswith("secret "), "what the model sees is masked where it is stored"
    assert result.full_path is not None
    assert result.full_path.read_text() == "*** " + "x" * 500
    assert result.full_path.stat().st_mode & 0o777 == 0o600


async def test_truncated_without_a_place_to_keep_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    def big() -> str:
        return "é" * 5000

    assert "could not be kept" in (await call(tool(big), max_chars=100, spill=tmp_path / "file")).text
    result = await call(tool(big), max_chars=100)
    assert (result.full_path, result.data) == (None, "é" * 5000)
    assert len(result.text) < 200


# --- approval


async def test_policies() -> None:
    asked: list[str] = []

    async def ask(spec: ToolSpec, arguments: dict[str, Any]) -> bool:
        asked.append(spec.name)
        return False

    def ran(effect: Any) -> Tool:
        return tool(name=effect, effect=effect)(lambda: "ran")

    outcomes = {}
    for policy in ("auto", "ask", "deny"):
        approve = approver(policy, ask)
        results = [await call(ran(effect), approve=approve) for effect in ("read", "write", "dangerous")]
        outcomes[policy] = [result.text == "ran" for result in results]
    assert outcomes == {"auto": [True, True, False], "ask": [True, False, False], "deny": [True, False, False]}
    assert asked == ["write", "dangerous"]
    allowed = await call(ran("dangerous"), approve=approver("deny", allowed=["dangerous"]))
    assert allowed.text == "ran"
    with pytest.raises(ValueError, match="needs somebody to ask"):
        approver("ask")


async def test_refused_or_malformed_calls_leave_no_trace() -> None:
    ledger, counter = MemoryLedger(), Counter()
    refused = await call(tool(effect="dangerous")(counter.pay), approve=approver("auto"), ledger=ledger)
    malformed = await call(tool(counter.pay), {"amount": "x"}, ledger=ledger)
    assert (refused.error_kind, malformed.error_kind) == ("refused", "arguments")
    assert counter.runs == 0
    assert ledger.in_doubt() == []


async def test_who_approves_sees_the_validated_arguments() -> None:
    asked: list[dict[str, Any]] = []

    async def ask(spec: ToolSpec, arguments: dict[str, Any]) -> bool:
        asked.append(arguments)
        return False

    def pay(amounts: list[int], currency: str = "EUR") -> None:
        raise AssertionError("refused")

    await call(tool(pay), {"amounts": "[1, 2]"}, approve=approver("ask", ask))
    assert asked == [{"amounts": [1, 2], "currency": "EUR"}]


# --- the ledger


async def test_committed_effect_is_returned_not_repeated() -> None:
    ledger, counter = MemoryLedger(), Counter()
    made = tool(counter.pay)
    first = await call(made, {"amount": 1}, ledger=ledger)
    again = await call(made, {"amount": 1}, ledger=ledger, approve=approver("deny"))
    assert (first.data, again.data, again.replayed, counter.runs) == (1, 1, True, 1)
    other = CallKey.of("ep", 1, made.name, {"amount": 1}, attempt=2)
    assert (await call(made, {"amount": 1}, ledger=ledger, key=other)).data == 2
    assert (await call(made, {"amount": 2}, ledger=ledger)).data == 3


async def test_errors_are_committed_too() -> None:
    ledger = MemoryLedger()

    def fails() -> None:
        raise ToolError("no")

    await call(tool(fails), ledger=ledger)
    again = await call(tool(fails), ledger=ledger)
    assert (again.replayed, again.text, again.is_error) == (True, "no", True)


@pytest.mark.parametrize(
    ("options", "answer", "runs", "kind"),
    [
        ({}, None, 0, "in_doubt"),
        ({}, "skip", 0, "in_doubt"),
        ({}, "repeat", 1, None),
        ({"idempotent": True}, None, 1, None),
    ],
)
async def test_effect_in_doubt(options: dict[str, Any], answer: Any, runs: int, kind: str | None) -> None:
    ledger, counter = MemoryLedger(), Counter()
    made = tool(**options)(counter.pay)
    key = CallKey.of("ep", 1, made.name, {})
    ledger.begin(key, {})  # what a killed process leaves behind

    async def resolve(spec: ToolSpec, asked: CallKey) -> Any:
        assert asked == key
        return answer

    result = await call(made, ledger=ledger, in_doubt=resolve if answer else None)
    assert (counter.runs, result.error_kind) == (runs, kind)
    assert ledger.in_doubt("ep") == ([] if runs else [key])


async def test_a_call_without_an_effect_is_neither_written_down_nor_in_doubt() -> None:
    ledger, counter = MemoryLedger(), Counter()
    look = tool(effect="read")(counter.pay)
    assert [(await call(look, ledger=ledger)).data for _ in range(2)] == [1, 2]
    assert ledger.find(CallKey.of("ep", 1, look.name, {})) is None


async def test_key_is_canonical() -> None:
    assert CallKey.of("e", 1, "t", {"b": 1, "a": "é"}) == CallKey.of("e", 1, "t", {"a": "é", "b": 1})
    assert CallKey.of("e", 1, "t", {"a": 1}) != CallKey.of("e", 2, "t", {"a": 1})


def test_memory_ledger_protocol() -> None:
    ledger = MemoryLedger()
    key = CallKey.of("e", 1, "t", {})
    assert ledger.find(key) is None
    with pytest.raises(KeyError, match="begin"):
        ledger.commit(key, ToolResult("x"))
    assert ledger.begin(key, {}) is None
    assert ledger.begin(key, {}) == Prior(key, "in_doubt")
    assert (ledger.in_doubt(), ledger.in_doubt("other")) == ([key], [])
    ledger.commit(key, ToolResult("x"))
    assert ledger.find(key) == Prior(key, "committed", ToolResult("x"))
    assert ledger.in_doubt() == []


def test_result_survives_json() -> None:
    result = ToolResult("t", {"a": [1]}, True, "tool", True, 1.5, Path("/x"), "printed")
    assert ToolResult.from_json(result.to_json()) == result


# --- cancellation


async def test_cancelled_while_running_stays_in_doubt() -> None:
    ledger, started = MemoryLedger(), asyncio.Event()

    async def slow() -> None:
        started.set()
        await asyncio.sleep(30)

    task = asyncio.create_task(call(tool(slow), ledger=ledger))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(ledger.in_doubt()) == 1


async def test_cancelled_while_committing_still_commits() -> None:
    entered, release = threading.Event(), threading.Event()

    class SlowLedger(MemoryLedger):
        def commit(self, key: CallKey, result: ToolResult) -> None:
            entered.set()
            release.wait(5)
            super().commit(key, result)

    ledger, counter = SlowLedger(), Counter()
    task = asyncio.create_task(call(tool(counter.pay), ledger=ledger))
    await asyncio.to_thread(entered.wait, 5)
    task.cancel()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ledger.in_doubt() == []


async def test_a_broken_ledger_is_not_hidden() -> None:
    class FullLedger(MemoryLedger):
        def begin(self, key: CallKey, arguments: Any) -> Prior | None:
            raise OSError("disk full")

    counter = Counter()
    with pytest.raises(OSError, match="disk full"):
        await call(tool(counter.pay), ledger=FullLedger())
    assert counter.runs == 0


# --- retries


@pytest.mark.parametrize(("idempotent", "runs"), [(True, 3), (False, 1)])
async def test_only_repeatable_tools_are_retried(idempotent: bool, runs: int) -> None:
    seen = []

    def flaky() -> str:
        seen.append(1)
        if len(seen) < 3:
            raise ToolUnavailable("not now")
        return "ok"

    result = await call(tool(idempotent=idempotent)(flaky), retries=4)
    assert len(seen) == runs
    assert result.is_error is not idempotent


async def test_a_tool_error_is_an_answer_and_not_retried() -> None:
    seen = []

    def fails() -> None:
        seen.append(1)
        raise ToolError("no such order")

    await call(tool(effect="read")(fails), retries=3)
    assert len(seen) == 1
