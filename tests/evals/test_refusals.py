"""Measuring how plans are told from refusals: the requests, what is read of an answer, and the margins."""

from math import log

import pytest

from coterie.evals.refusals import Request, Weighed, areas, requests, table, weighed
from coterie.model import protocol
from coterie.model.chat import Completion
from coterie.model.encoder import Encoder
from coterie.model.protocol import Plan, PlannedStep, say
from coterie.model.scripted import ScriptedModel

PLAN, REFUSAL = (say(plan)["content"] for plan in (Plan((PlannedStep("look"),)), Plan(refusal="nothing looks")))


def test_half_of_each_split_is_drawn_and_the_same_seed_asks_the_same() -> None:
    drawn = list(requests(30, 1, Encoder.load()))
    assert len(drawn) == 30
    assert {request.unfit for request in drawn} == {True, False}
    assert drawn == list(requests(30, 1, Encoder.load()))
    assert all(protocol.nearness_in(request.prompt[-1]["content"]) is not None for request in drawn)


@pytest.mark.parametrize(("text", "sign"), [(PLAN, 1), (REFUSAL, -1)])
async def test_the_odds_are_those_of_a_plan(text: str, sign: int) -> None:
    prompt = (protocol.ask_plan("Look.", nearest=[("look", 0.4)]),)
    answer = Completion(text, 10, 5, "stop", 0.1, logprobs=(-0.1, log(0.8), -0.1))
    [found] = await weighed([Request(prompt, unfit=False)], ScriptedModel([answer]))
    assert found.nearness == 0.4
    assert found.odds == pytest.approx(sign * log(4))


def test_the_encoder_tells_apart_what_the_weights_do_not() -> None:
    found = [Weighed(unfit, 0.1 * (i % 5), 0.3 if unfit else 0.6) for i in range(20) for unfit in (True, False)]
    at_zero, alone, *weighing = table(found, 0.0)
    assert (at_zero["refused without a tool"], at_zero["refused with one"]) == (0, 0)
    assert alone["refused without a tool"] == alone["refused with one"]
    assert (weighing[1]["slope"], weighing[1]["refused without a tool"], weighing[1]["refused with one"]) == (8, 1, 0)
    assert areas(found) | {"encoder": 1, "slope 0": 0.5, "slope 8": 1} == areas(found)


@pytest.mark.parametrize(("nearest", "nearness"), [((), None), ((("moor", 0.718), ("find", 0.93)), 0.93)])
def test_how_near_the_tools_are_is_read_back(nearest: tuple[tuple[str, float], ...], nearness: float | None) -> None:
    told = protocol.ask_plan("Find it.\n\nNearest tools: none 99", ["a line"], nearest)
    assert protocol.nearness_in(told["content"]) == nearness
