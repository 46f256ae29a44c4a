"""The durable ledger: what was begun is known, what was committed is never done again."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from coterie.memory.store import Store
from coterie.tools import CallKey, Ledger, MemoryLedger, Prior, ToolResult

KEY = CallKey.of("ep-1", 2, "write_file", {"path": "late.txt", "text": "Ünïcödé 🦊"})
RESULT = ToolResult("written", {"bytes": 12}, wall_s=0.5, full_path=Path("/work/out.txt"), printed="ok")


@pytest.fixture(params=["durable", "in memory"])
def ledger(request: pytest.FixtureRequest, store: Store) -> Ledger:
    return store.ledger if request.param == "durable" else MemoryLedger()


def test_the_life_of_a_call(ledger: Ledger) -> None:
    assert ledger.find(KEY) is None
    assert ledger.begin(KEY, {}) is None
    assert ledger.find(KEY) == ledger.begin(KEY, {}) == Prior(KEY, "in_doubt")
    assert ledger.in_doubt() == [KEY]
    ledger.commit(KEY, RESULT)
    assert ledger.find(KEY) == ledger.begin(KEY, {}) == Prior(KEY, "committed", RESULT)
    assert ledger.in_doubt() == []


def test_every_part_of_the_key_counts(ledger: Ledger) -> None:
    others = [
        CallKey("ep-2", KEY.step, KEY.tool, KEY.arguments),
        CallKey(KEY.episode, 3, KEY.tool, KEY.arguments),
        CallKey(KEY.episode, KEY.step, "append_file", KEY.arguments),
        CallKey(KEY.episode, KEY.step, KEY.tool, "{}"),
        CallKey(KEY.episode, KEY.step, KEY.tool, KEY.arguments, attempt=2),
    ]
    ledger.begin(KEY, {})
    assert [ledger.begin(other, {}) for other in others] == [None] * len(others)
    assert ledger.in_doubt("ep-2") == [others[0]]
    assert len(ledger.in_doubt()) == 6


def test_a_result_without_an_intent_is_refused(ledger: Ledger) -> None:
    with pytest.raises(KeyError, match="call begin first"):
        ledger.commit(KEY, RESULT)


def test_an_error_is_a_result(ledger: Ledger) -> None:
    failure = ToolResult.failure("timeout", "no answer in 30 s")
    ledger.begin(KEY, {})
    ledger.commit(KEY, failure)
    assert ledger.find(KEY) == Prior(KEY, "committed", failure)


def test_only_one_of_many_threads_begins(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        priors = list(pool.map(lambda _: store.ledger.begin(KEY, {}), range(24)))
    assert priors.count(None) == 1


def test_secrets_are_in_the_key_but_not_in_the_file(store: Store, home: Path) -> None:
    key = CallKey.of("ep-1", 1, "login", {"pin": "zebra-crossing-42", "password": "correct horse"})
    store.ledger.begin(key, {})
    store.ledger.commit(key, ToolResult("welcome, zebra-crossing-42"))
    prior = store.ledger.find(key)
    assert prior
    assert prior.result
    assert prior.result.text == "welcome, [redacted]"
    store.close()
    content = b"".join(path.read_bytes() for path in home.iterdir() if path.is_file())
    assert b"zebra-crossing" not in content
    assert b"correct horse" not in content


WORK = """
import sys
from pathlib import Path
from coterie.memory.store import Store
from coterie.tools import CallKey, ToolResult
home, out = map(Path, sys.argv[1:3])
store = Store.open(home)
for number in range(100_000):
    key = CallKey.of("ep-1", number, "append", {"n": number})
    assert store.ledger.begin(key, {}) is None
    with out.open("a") as file:
        file.write(f"{number}\\n")
    if number == 5 and sys.argv[3] == "between":
        print("effect done, not committed", flush=True)
        sys.stdin.read()
    store.ledger.commit(key, ToolResult(f"appended {number}"))
    print(number, flush=True)
"""


def killed(home: Path, out: Path, when: str, num_lines: int) -> None:
    """Run the work and kill -9 it after it has printed so many lines."""
    command = [sys.executable, "-c", WORK, str(home), str(out), when]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdin
    assert child.stdout
    for _ in range(num_lines):
        assert child.stdout.readline()
    child.kill()
    child.wait(30)
    child.stdin.close()
    child.stdout.close()


def test_killed_between_effect_and_commit_the_call_is_in_doubt(home: Path, tmp_path: Path) -> None:
    killed(home, tmp_path / "out", "between", 6)
    with Store.open(home) as store:
        (doubt,) = store.ledger.in_doubt("ep-1")
        assert (doubt.step, doubt.tool, doubt.arguments) == (5, "append", '{"n":5}')
        for number in range(5):
            prior = store.ledger.find(CallKey.of("ep-1", number, "append", {"n": number}))
            assert prior
            assert prior.result == ToolResult(f"appended {number}")


def test_killed_at_any_time_no_effect_is_unknown(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    killed(home, out, "anywhere", 12)
    effects = [int(line) for line in out.read_text().split()]
    with Store.open(home) as store:
        priors = [store.ledger.find(CallKey.of("ep-1", n, "append", {"n": n})) for n in effects]
        assert all(priors)
        assert sum(prior.state == "in_doubt" for prior in priors if prior) <= 1
        assert len(store.ledger.in_doubt()) <= 1
