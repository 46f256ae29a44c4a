"""Scores, comparisons and reports from results on disk."""

import io
from pathlib import Path

import pytest

from coterie.evals.compare import compare
from coterie.evals.progress import Progress
from coterie.evals.report import comparison_lines, headline, markdown, page
from coterie.evals.results import Result, Results, RunError, RunHeader, TrialStatus
from coterie.evals.score import score


def header(run: str = "a", tasks: int = 4, trials: int = 2, suite: str = "s", digest: str = "d") -> RunHeader:
    names = tuple(f"t{n}" for n in range(tasks))
    return RunHeader(run, suite, digest, names, trials, seed=0, model={"name": "m"})


def result(task: str, trial: int, status: TrialStatus, **more: object) -> Result:
    return Result(task, trial, status, tags=("x", f"only:{task}"), **more)  # type: ignore[arg-type]


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
            results.add(result(f"t{number}", trial, "passed" if good else "failed"))
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
    assert "b minus a: 50.0 %" in comparison_lines(compared)[0]


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
    measures = ("interval", "p_value", "detectable_difference", "trials_for_this_difference")
    assert [face[name] for name in measures] == [None] * 4
    assert face["mcnemar"]["p_value"] == mcnemar
    first, second = comparison_lines(compared)
    assert "no spread between tasks to judge it by (2 tasks)" in first
    assert f"McNemar p = {mcnemar:.3g}" in second


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
