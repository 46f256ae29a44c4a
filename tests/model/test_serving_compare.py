"""Comparing two ways of serving: what can be asked for, and what is made of the rounds. No server runs."""

from typing import Any

import httpx
import pytest

from coterie.model.errors import OptionsConflict
from coterie.model.serving.compare import parse, summary
from coterie.model.serving.environment import server_environment
from coterie.model.serving.lifecycle import ServerInfo
from coterie.model.serving.measure import Server, answer_s
from coterie.model.serving.options import Options
from coterie.model.serving.routes import HEADER

INFO = ServerInfo("http://server/v1", "tiny", "vllm", pid=1, started=False, weights_sha256=None)


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("kernels=own,vllm", "kernels", ("own", "vllm")),
        ("routes=0,1", "routes", (False, True)),
        ("expert-weights=bf16,int8", "expert_weights", ("bf16", "int8")),
    ],
)
def test_the_two_ways_are_options_of_the_server(text: str, name: str, values: tuple[Any, Any]) -> None:
    comparison = parse(text)
    first, second = (comparison.options(v, Options(threads=1)) for v in (comparison.first, comparison.second))
    assert (getattr(first, name), getattr(second, name)) == values
    assert first.threads == 1


@pytest.mark.parametrize(
    "text", ["kernels", "kernels=own", "kernels=own,own", "kernels=own,fast", "threads=1,2", "model=a", "model=a,", ""]
)
def test_what_cannot_be_compared_is_refused_with_what_can(text: str) -> None:
    with pytest.raises(OptionsConflict, match=r"two of its values, such as kernels=own,vllm \(kernels=auto\|own"):
        parse(text)


def test_two_models_are_compared_with_the_same_options() -> None:
    comparison = parse("model=coterie,coterie-dense")
    assert (comparison.first, comparison.second) == ("coterie", "coterie-dense")
    assert comparison.options("coterie-dense", Options(threads=1)) == Options(threads=1)


def test_routes_reach_the_server_by_its_environment() -> None:
    assert server_environment(Options(routes=False), local=True)["COTERIE_ROUTES"] == "0"
    assert server_environment(Options(routes=True), local=True)["COTERIE_ROUTES"] == "1"


def measured(kernels: str, *steps_ms: float) -> dict[str, Any]:
    decode = [
        {"sequences": sequences, "step_ms_p5": ms - 1, "step_ms_median": ms, "step_cpu_ms": 2 * ms}
        for sequences, ms in zip((1, 8), steps_ms, strict=True)
    ]
    return {"model": "coterie", "machine": {}, "kernels": kernels, "decode": decode}


def test_the_summary_has_median_range_and_ratio_per_number_of_sequences() -> None:
    own = [measured("own (1 of 1 layers)", ms, 10.0) for ms in (4.0, 5.0, 9.0)]
    vllm = [measured("vllm", ms, 15.0) for ms in (10.0, 11.0, 8.0)]
    found = summary(parse("kernels=own,vllm"), {"own": own, "vllm": vllm})
    assert (found["compared"], found["rounds"]) == ("kernels", 3)
    assert found["model"] == {"own": "coterie", "vllm": "coterie"}
    assert found["kernels"] == {"own": "own (1 of 1 layers)", "vllm": "vllm"}
    one, eight = found["decode"]
    assert one["own"]["step_ms_median"] == {"median": 5.0, "lowest": 4.0, "highest": 9.0}
    assert one["ratio"] == {"step_ms_p5": 2.25, "step_ms_median": 2.0, "step_cpu_ms": 2.0}
    assert (eight["sequences"], eight["ratio"]["step_ms_median"]) == (8, 1.5)


@pytest.mark.parametrize("wanted", [False, True])
async def test_an_answer_is_asked_for_with_its_routes_or_without(wanted: bool) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(
            200, json={"choices": [{"routed_experts": {}} if HEADER.decode() in request.headers else {}]}
        )

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        assert await answer_s(Server(INFO, http), wanted) > 0
    assert (HEADER.decode() in asked[0].headers) is wanted


async def test_a_server_that_keeps_no_routes_is_no_comparison() -> None:
    plain = httpx.MockTransport(lambda request: httpx.Response(200, json={"choices": [{}]}))
    async with httpx.AsyncClient(transport=plain) as http:
        with pytest.raises(OptionsConflict, match="vllm, which keeps no routes"):
            await answer_s(Server(INFO, http), True)
