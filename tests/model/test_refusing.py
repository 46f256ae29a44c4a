"""Refusing: a plan counts where it is likelier than a refusal by the margin; everything else is as it was."""

from dataclasses import replace
from math import log

import pytest
from tests.agent.model_server import serving

from coterie.agent.connect import connect
from coterie.agent.settings import Settings
from coterie.agent.trace import Trace
from coterie.model import protocol
from coterie.model.chat import Completion, JsonSchema, Sampling
from coterie.model.client import Client
from coterie.model.protocol import Plan, PlannedStep, say
from coterie.model.refusing import DECIDING_TOKEN, Refusing
from coterie.model.scripted import ScriptedModel
from coterie.model.training.parent import load_encoder

PLAN = say(Plan((PlannedStep("look up order A-17"),)))["content"]
REFUSAL = say(Plan(refusal="no tool gives this"))["content"]


def completion(text: str, probability: float | None) -> Completion:
    """A text whose second token had this probability."""
    said = None if probability is None else (-0.1, log(probability), -0.2)
    return Completion(text, 100, 10, "stop", 0.5, logprobs=said)


async def ask(
    *lines: Completion, margin: float = 1.0, schema: JsonSchema | None = None
) -> tuple[Completion, ScriptedModel]:
    model = ScriptedModel(lines)
    messages = [protocol.ask_plan("What is the state of order A-17?")]
    return await Refusing(model, margin).complete(messages, schema or protocol.plan_schema(), Sampling()), model


async def test_a_plan_that_is_sure_stays_and_costs_nothing() -> None:
    plan = completion(PLAN, 0.8)
    written, model = await ask(plan)
    assert written == plan
    assert len(model.asked) == 1


@pytest.mark.parametrize(("margin", "refuses"), [(0.0, False), (0.5, False), (1.0, True), (3.0, True)])
async def test_a_plan_must_be_likelier_by_the_margin(margin: float, refuses: bool) -> None:
    plan, refusal = completion(PLAN, 0.7), completion(REFUSAL, 0.29)  # 0.88 nats
    written, model = await ask(plan, refusal, margin=margin)
    assert written.text == (REFUSAL if refuses else PLAN)
    assert [asked.schema for asked in model.asked[1:]] == [protocol.refusal_schema()] * refuses
    if refuses:
        assert (written.prompt_tokens, written.completion_tokens, written.wall_s) == (200, 20, 1.0)
        assert written.logprobs == refusal.logprobs


async def test_what_else_the_model_had_in_mind_is_no_refusal() -> None:
    written, model = await ask(completion(PLAN, 0.3), completion(REFUSAL, 0.01))
    assert written.text == PLAN
    assert written.prompt_tokens == 200
    assert len(model.asked) == 2


@pytest.mark.parametrize("text", [PLAN, REFUSAL])
async def test_nothing_is_done_about_a_refusal_or_where_the_server_does_not_say(text: str) -> None:
    line = completion(text, None if text == PLAN else 0.3)
    written, model = await ask(line)
    assert written == line
    assert len(model.asked) == 1


async def test_other_turns_pass() -> None:
    answer = completion(say(protocol.Answer("delayed", "success"))["content"], 0.3)
    written, _ = await ask(answer, schema=protocol.answer_schema())
    assert written == answer


async def test_a_certain_plan_is_no_error() -> None:
    written, _ = await ask(replace(completion(PLAN, 0.5), logprobs=(0.0, 0.0)))
    assert written.text == PLAN


def test_the_deciding_token_is_where_they_part() -> None:
    plan, refusal = (load_encoder().encode(text) for text in (PLAN, REFUSAL))
    assert plan[:DECIDING_TOKEN] == refusal[:DECIDING_TOKEN]
    assert plan[DECIDING_TOKEN] != refusal[DECIDING_TOKEN]


@pytest.mark.parametrize(("name", "kind"), [("coterie", Refusing), ("coterie-large", Refusing), ("qwen", Client)])
async def test_it_is_for_our_weights(name: str, kind: type) -> None:
    with serving(["hello"]) as url:
        connected = await connect(Settings(base_url=url, model=name), None, Trace())
    assert isinstance(connected.model, kind)
