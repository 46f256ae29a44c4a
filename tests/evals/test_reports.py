"""Scores, comparisons and reports from results on disk."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from scipy import stats

from coterie.evals.compare import compare, to_json
from coterie.evals.progress import Progress
from coterie.evals.report import comparison_lines, comparison_table, details, headline, markdown, page, table
from coterie.evals.results import Result, Results, RunError, RunHeader, TrialStatus
from coterie.evals.score import score


def header(run: str = "a", tasks: int = 4, trials: int = 2, suite: str = "s", digest: str = "d") -> RunHeader:
    names = tuple(f"t{n}" for n in range(tasks))
    return RunHeader(run, suite, digest, names, trials, seed=0, model={"name": "m"})


def result(task: str, trial: int, status: TrialStatus, **more: object) -> Result:
    return Result(task, trial, status, tags=("x", f"only:{task}"), **more)  # type: ignore[arg-type]


NO_DIFFERENCE = "no difference was seen; name one with --difference"
RESULTS = [
    result("t0", 1, "passed", tool_calls=2, prompt_tokens=100, completion_tokens=10, wall_s=1.0),
    result("t0", 2, "passed", tool_calls=2, prompt_tokens=100, completion_tokens=10, wall_s=1.0),
    result("t1", 1, "passed"),
    result("t1", 2, "failed", reasons=("no | report",), side_effects=1),
    result("t2", 1, "failed", reasons=("<b>bold</b>",)),
    result("t2", 2, "infrastructure", reasons=("server gone",)),
    result("t3", 1, "broken", reasons=("checker raised",)),
]


def test_only_scored_trials_enter_the_score_and_the_others_are_counted() -> None:
    face = score(header(), RESULTS).to_json()
    assert face["pass_at_1"] == pytest.approx((1 + 0.5 + 0) / 3)
    assert (face["infrastructure_errors"], face["broken"], face["missing"]) == (1, 1, 1)
    assert face["pass_hat_k"] == {"1": pytest.approx(0.5)}, "t2 has one scored trial, so k goes to 1"
    assert face["side_effects"] == 1
    assert face["by_tag"]["only:t1"]["pass_at_1"] == 0.5
    assert face["per_success"]["tokens"] == pytest.approx(220 / 3)
    assert face["by_family"] is None
    assert face["side_effect_rate"]["rate"] == pytest.approx(0.5 / 3)


def test_near_copies_have_an_interval_of_their_own_and_no_rows_in_the_tables() -> None:
    tags = [("environment:e", f"family:{n // 3}") for n in range(6)]
    results = [replace(result(f"t{n}", 1, "passed" if n != 4 else "failed"), tags=tags[n]) for n in range(6)]
    counted = score(header(tasks=6, trials=1), results)
    face = counted.to_json()
    assert face["by_family"]["families"] == 2
    low, high = face["by_family"]["interval"]
    assert low == 0
    assert high == 1
    assert face["by_tag"]["family:1"]["pass_at_1"] == pytest.approx(2 / 3)
    assert "over 2 families 0.0 % to 100.0 %" in markdown(counted, results)
    assert "| family:" not in markdown(counted, results)


def test_under_attack_the_share_of_side_effects_is_the_attacks_success() -> None:
    attacked = [replace(result(f"t{n}", 1, "passed", side_effects=n % 2), tags=("attack",)) for n in range(4)]
    counted = score(header(trials=1), attacked)
    face = counted.to_json()["side_effect_rate"]
    assert face["rate"] == 0.5
    low, high = stats.t.interval(0.95, 3, 0.5, stats.sem([0, 1, 0, 1]))
    assert face["interval"] == pytest.approx((max(0.0, low), min(1.0, high)))
    assert ("attack success", "50.0 %") in [(name, value[:6]) for name, value in details(counted)]
    assert "trials with side effects" in dict(details(score(header(), RESULTS)))


def test_the_overhead_is_what_neither_model_nor_tools_took() -> None:
    timed = [
        result(f"t{n}", 1, "passed", wall_s=2.0, model_s=1.5, tool_s=0.3 - n / 10, model_calls=4, tool_calls=2)
        for n in range(3)
    ]
    face = score(header(tasks=3, trials=1), timed).to_json()
    assert face["overhead_ms"] == {"per_model_call": pytest.approx(75), "per_tool_call": pytest.approx(150)}
    assert face["model_calls"] == 12
    untimed = score(header(), RESULTS).to_json()["overhead_ms"]
    assert untimed == {"per_model_call": None, "per_tool_call": None}
    nested = result("t0", 1, "passed", wall_s=1.0, model_s=1.5, tool_s=0.0, model_calls=2)
    assert score(header(tasks=1, trials=1), [nested]).overhead_ms.per_model_call == 0


def test_the_terminal_shows_repeatability_cost_and_both_kinds_of_interval() -> None:
    told = dict(details(score(header(tasks=2), RESULTS[:4])))
    assert told["pass^k"] == "1: 75.0 %, 2: 50.0 %"
    assert told["a success costs"] == "73 tokens, 0.7 s, 1.3 tool calls, 0.0 model calls"
    assert "bootstrap" in told["95 % intervals of pass@1"]
    assert "pass^k" not in dict(details(score(header(), RESULTS)))
    shown = io.StringIO()
    Console(file=shown, width=160).print(table(score(header(tasks=2), RESULTS[:4]), RESULTS[:4]))
    assert "a success costs: 73 tokens" in shown.getvalue()


def test_a_run_without_a_scored_trial_has_no_score() -> None:
    face = score(header(), RESULTS[5:]).to_json()
    assert face["pass_at_1"] is None
    assert face["interval"] is None
    assert "0 of 0" in headline(score(header(), RESULTS[5:]))


def test_reports_say_what_happened_and_escape_what_tasks_say() -> None:
    text = markdown(score(header(), RESULTS), RESULTS)
    assert "| t0 | ✔✔ |" in text
    assert "no \\| report" in text
    assert "1 not scored (infrastructure); 1 not scored (broken suite); 1 not run yet" in text
    html = page(score(header(), RESULTS), RESULTS)
    assert "<b>bold</b>" not in html
    assert "&lt;b&gt;bold" in html
    assert html.count("<svg") == 4


def keep(runs: Path, run: str, passed: list[bool], trials: int = 1, **more: str) -> None:
    results = Results.create(runs, header(run, len(passed), trials, **more))
    for number, good in enumerate(passed):
        for trial in range(1, trials + 1):
            verdict: TrialStatus = "passed" if good else "failed"
            results.add(result(f"t{number}", trial, verdict, wall_s=1.0, prompt_tokens=10))
    results.close()


def test_comparing_two_runs(tmp_path: Path) -> None:
    keep(tmp_path, "a", [True] * 3 + [False] * 9)
    keep(tmp_path, "b", [False] + [True] * 9 + [False] * 2)
    compared = compare(tmp_path, "a", "b")
    face = compared.to_json()
    assert face["difference"] == pytest.approx(6 / 12)
    assert face["interval"][0] < 0.5 < face["interval"][1]
    assert face["mcnemar"] == {"only_a": 1, "only_b": 7, "p_value": pytest.approx(0.0703125)}
    assert {line["task"] for line in face["changed"]} == {"t0", *(f"t{n}" for n in range(3, 10))}
    first, *_, last = comparison_lines(compared)
    assert "b minus a: 50.0 %" in first
    assert face["needed"]["tasks"] == 12 * (2.8 * stats.sem([-1] + [1] * 7 + [0] * 4) / 0.5) ** 2 // 1 + 1
    assert last == "trials: unknown with one trial; run both again with --trials 2 or more"


def test_more_runs_than_two_stand_beside_the_first_with_their_cost(tmp_path: Path) -> None:
    for run, passed in (("a", [True, False, False]), ("b", [True, True, False]), ("c", [False] * 3)):
        keep(tmp_path, run, passed)
    compared = [compare(tmp_path, "a", other) for other in ("b", "c")]
    face = to_json(compared)
    assert face["difference"] == pytest.approx(1 / 3)
    assert [line["runs"] for line in face["comparisons"]] == [["a", "b"], ["a", "c"]]
    assert face["per_success"][0]["wall_s"] == pytest.approx(3.0)
    assert face["per_success"][1]["tokens"] == pytest.approx(15.0)
    assert face["comparisons"][1]["per_success"][1] is None
    shown = io.StringIO()
    Console(file=shown, width=160).print(comparison_table(compared))
    assert "no success" in shown.getvalue()
    assert "c minus a: -33.3 %" in shown.getvalue()
    assert "there are 2, so chance has more tries" in shown.getvalue()


def test_a_comparison_says_what_would_show_a_difference_that_is_named(tmp_path: Path) -> None:
    verdicts = [True, False] * 12
    keep(tmp_path, "a", verdicts, trials=2)
    keep(tmp_path, "b", [not passed for passed in verdicts[:3]] + verdicts[3:], trials=2)
    of_tenth, of_half = (compare(tmp_path, "a", "b", difference).needed for difference in (0.1, 0.5))
    assert of_tenth.difference == 0.1
    assert of_tenth.tasks == pytest.approx(25 * (of_half.tasks or 0), rel=0.5)
    assert of_half.trials == 1
    for wrong in (0.0, -0.1, 5.0):
        with pytest.raises(RunError, match=f"above 0 and up to 1, .* got {wrong:g}"):
            compare(tmp_path, "a", "b", wrong)


def test_trials_without_a_score_do_not_count_as_trials(tmp_path: Path) -> None:
    for run in ("a", "b"):
        results = Results.create(tmp_path, header(run, 2, 2))
        for task, status in (("t0", "passed"), ("t1", "passed" if run == "b" else "failed")):
            results.add(result(task, 1, status))  # type: ignore[arg-type]
            results.add(result(task, 2, "infrastructure"))
        results.close()
    assert "unknown with one trial" in compare(tmp_path, "a", "b").needed.note


def test_families_are_compared_as_families(tmp_path: Path) -> None:
    for run, families in (("a", "xxx"), ("b", "yyz")):
        results = Results.create(tmp_path, header(run, 9, 1))
        for n in range(9):
            passed = families[n // 3] == "y"
            results.add(replace(result(f"t{n}", 1, "passed" if passed else "failed"), tags=(f"family:{n // 3}",)))
        results.close()
    face = compare(tmp_path, "a", "b").to_json()
    expected = stats.ttest_1samp([1.0, 1.0, 0.0], 0)
    assert face["by_family"]["families"] == 3
    assert face["by_family"]["p_value"] == pytest.approx(expected.pvalue)
    assert face["p_value"] < face["by_family"]["p_value"]
    assert face["detectable_difference"] == pytest.approx(2.8016 * stats.sem([1, 1, 0]), rel=1e-3)


def test_trials_that_repeat_a_verdict_are_no_further_evidence(tmp_path: Path) -> None:
    keep(tmp_path, "a", [False] * 6, trials=3)
    keep(tmp_path, "b", [True] * 6, trials=3)
    assert compare(tmp_path, "a", "b").mcnemar == (0, 6, pytest.approx(0.03125))


@pytest.mark.parametrize(("passed", "mcnemar"), [(True, 0.5), (False, 1.0)])
def test_a_comparison_without_a_spread_leaves_the_verdict_to_mcnemar(
    tmp_path: Path, passed: bool, mcnemar: float
) -> None:
    keep(tmp_path, "a", [False] * 2)
    keep(tmp_path, "b", [passed] * 2)
    compared = compare(tmp_path, "a", "b")
    face = compared.to_json()
    assert [face[name] for name in ("interval", "p_value", "detectable_difference")] == [None] * 3
    assert (face["needed"]["tasks"], face["needed"]["trials"]) == (None, None)
    assert face["mcnemar"]["p_value"] == mcnemar
    first, second, third = comparison_lines(compared)
    assert "no spread between tasks to judge it by (2 tasks)" in first
    assert f"McNemar p = {mcnemar:.3g}" in second
    assert third == ("unknown where the differences show no spread" if passed else NO_DIFFERENCE)


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    keep(tmp_path, "a", [True])
    keep(tmp_path, "b", [True], digest="other")
    keep(tmp_path, "c", [True], suite="other")
    keep(tmp_path, "d", [])
    for other, message in (("b", "different versions"), ("c", "different suites"), ("d", "no scored task")):
        with pytest.raises(RunError, match=message):
            compare(tmp_path, "a", other)


def test_progress_shows_the_running_score() -> None:
    stream = io.StringIO()
    progress = Progress(4, stream)
    for done in RESULTS[:4]:
        progress(done)
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("[1/4] 100 % passed")
    assert "[4/4]  75 % passed 0:00 left  t1#2: failed: no | report" in lines[3]
