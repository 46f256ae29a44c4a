"""An agent that only plans and writes calls: what single-turn function-calling suites ask for.

    system + task -> plan (or refusal) -> for each step, side by side: candidates -> call -> what is left? -> more calls

The prompts are those of the loop's plan and act nodes, and the calls are made so that the environment can take them
down, but nothing is judged. Tool choice and the grammar can each be switched off, to measure them.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import inf

from pydantic import JsonValue

from coterie.agent import grounding, options
from coterie.agent.deps import Ranking, ToolChoice
from coterie.agent.errors import single
from coterie.agent.nodes.act import shortlist
from coterie.agent.nodes.plan import tools_shown
from coterie.evals.agents import Assignment, InfrastructureFailure, observed
from coterie.evals.recording import recorded
from coterie.memory.records import (
    Episode,
    ModelCall,
    ModelRef,
    Observation,
    Outcome,
    Plan,
    PlanStep,
    Purpose,
    Step,
    ToolCall,
    Usage,
    now,
)
from coterie.model import protocol
from coterie.model.chat import ChatModel, JsonSchema, Message, Sampling
from coterie.model.coverage import untouched
from coterie.model.errors import ContextOverflow, MalformedCompletion, ModelError
from coterie.model.protocol import CallDraft, MalformedTurn, PlannedStep, Verdict
from coterie.model.relevance import matches, parts_of
from coterie.tools import Registry
from coterie.tools.registry import SentenceEncoder


@dataclass(frozen=True)
class CallerSettings:
    """`grammar` constrains what the model writes; the others are as in the agent's settings."""

    tool_choice: ToolChoice = "both"
    num_candidates: int = 3
    candidate_margin: float = 0.1
    num_tools_shown: int = 12
    show_relevance: bool = True
    ground_arguments: bool = True
    name_options: bool = True
    check_coverage: bool = True
    grammar: bool = True
    max_completion_tokens: int = 512
    temperature: float = 0.0
    top_p: float = 1.0


class FunctionCaller:
    """Plan and act, on any chat model; `encoder` ranks tools, without one their words do; `step_encoder` for a step."""

    def __init__(
        self,
        model: ChatModel,
        settings: CallerSettings | None = None,
        encoder: SentenceEncoder | None = None,
        reference: ModelRef | None = None,
        step_encoder: SentenceEncoder | None = None,
    ) -> None:
        self._chat = model
        self._settings = settings or CallerSettings()
        self._encoder, self._step_encoder = encoder, step_encoder or encoder
        self.model = reference or ModelRef(model.name)

    def settings(self) -> Mapping[str, JsonValue]:
        """How it chooses and writes."""
        return {**asdict(self._settings), "encoder": self._encoder is not None}

    async def run(self, assignment: Assignment) -> Episode:
        """See `Agent.run`."""
        return await _Run(
            self._chat, self._settings, self._encoder, self._step_encoder, assignment, self.model
        ).episode()


class _LimitReached(Exception):
    """The trial has used up one of its limits."""

    def __init__(self, limit: str) -> None:
        super().__init__(f"the limit of {limit} is reached")


class _Run:
    """One assignment: the chat so far and what was recorded of it."""

    def __init__(
        self,
        chat: ChatModel,
        settings: CallerSettings,
        encoder: SentenceEncoder | None,
        step_encoder: SentenceEncoder | None,
        assignment: Assignment,
        model: ModelRef,
    ) -> None:
        self._chat, self._settings, self._assignment = chat, settings, assignment
        self._encoder, self._step_encoder = encoder, step_encoder
        self._registry = Registry(assignment.tools)
        self._model_calls: list[ModelCall] = []
        self._blank = Episode("", assignment.task, model, started_at=now())

    async def episode(self) -> Episode:
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(self._assignment.limits.timeout_s):
                done = await self._done()
        except TimeoutError:
            done = replace(self._blank, outcome=Outcome("limit", error="the time is up", cause="limit:wall_s"))
        except _LimitReached as error:
            done = replace(self._blank, outcome=Outcome("limit", error=str(error), cause="limit"))
        except (MalformedTurn, MalformedCompletion) as error:
            done = replace(self._blank, outcome=Outcome("failed", error=str(error), cause=type(error).__name__))
        except ContextOverflow as error:
            done = replace(self._blank, outcome=Outcome("limit", error=str(error), cause="ContextOverflow"))
        except ModelError as error:
            raise InfrastructureFailure(str(error)) from error
        usage = Usage(
            prompt_tokens=sum(call.prompt_tokens for call in self._model_calls),
            completion_tokens=sum(call.completion_tokens for call in self._model_calls),
            tool_calls=sum(len(step.tool_calls) for step in done.steps),
            wall_s=time.perf_counter() - begun,
            model_calls=len(self._model_calls),
        )
        return replace(done, usage=usage, model_calls=tuple(self._model_calls), finished_at=now())

    async def _done(self) -> Episode:
        task = self._assignment.task.text
        rankings = await asyncio.to_thread(self._rankings, task)
        tools = tools_shown(list(self._registry), rankings, self._settings.num_tools_shown)
        shown = [tool.name for tool in tools]
        nearest = matches(rankings) if self._settings.show_relevance and self._encoder else ()
        prompt = [protocol.system([tool.card() for tool in tools]), protocol.ask_plan(task, (), nearest)]
        plan = protocol.parse_plan(await self._ask("plan", 1, prompt, protocol.plan_schema()))
        if plan.refusal is not None:
            refused = Outcome("failed", answer=plan.refusal, cause="refused")
            return replace(self._blank, plan=Plan((), plan.refusal), outcome=refused)
        made = await self._made(plan, [*prompt, protocol.say(plan)], shown)
        if self._settings.check_coverage:
            made += await self._rest(task, [*prompt, protocol.say(plan)], made, shown)
        steps = tuple(PlanStep(m.planned.do, m.planned.known, m.planned.needs, n) for n, m in enumerate(made, start=1))
        done = tuple(m.step for m in made)
        return replace(self._blank, plan=Plan(steps), steps=done, outcome=Outcome("success", answer=""))

    async def _made(
        self,
        plan: protocol.Plan,
        said: Sequence[Message],
        shown: Sequence[str],
        before: Sequence[tuple[str, Mapping[str, JsonValue]]] = (),
    ) -> list["_Made"]:
        """The calls of a plan's steps, drafted side by side and made in order, each once, and none made `before`."""
        numbered = list(enumerate(plan.steps, start=plan.first))
        asked = [await asyncio.to_thread(self._asked, number, step, shown) for number, step in numbered]
        try:
            async with asyncio.TaskGroup() as group:
                drafts = [group.create_task(self._draft(one, said)) for one in asked]
        except ExceptionGroup as group_error:
            raise single(group_error) from None
        written = each_once([draft.result() for draft in drafts], before)
        return [
            _Made(one.planned, one.message, draft, await self._call(one.number, draft))
            for one, draft in zip(asked, written, strict=True)
        ]

    async def _rest(
        self, task: str, said: Sequence[Message], made: Sequence["_Made"], shown: Sequence[str]
    ) -> list["_Made"]:
        """What the loop asks for when a plan is used up and parts of the task are in no call."""
        calls = [(m.draft.name, m.draft.arguments) for m in made if m.draft]
        left = untouched(task, calls, [m.planned.do for m in made if m.draft])
        if not left or not calls:
            return []
        first = len(made) + 1
        prompt = [*said, *(message for m in made for message in m.block()), protocol.ask_replan(first, left)]
        try:
            text = await self._ask("replan", first + 1, prompt, protocol.plan_schema(first))
            plan = protocol.parse_plan(text, first)
        except (MalformedTurn, MalformedCompletion):
            return []
        more = await self._made(plan, [*prompt, protocol.say(plan)], shown, before=calls)
        return [each for each in more if each.step.tool_calls]

    def _asked(self, number: int, step: PlannedStep, shown: Sequence[str]) -> "_Asked":
        names = self._candidates(step, shown)
        return _Asked(number, step, names, protocol.ask_step(number, step.do, step.known, names))

    async def _draft(self, asked: "_Asked", said: Sequence[Message]) -> CallDraft | None:
        """The call of one step; None for one that cannot be read, as others may still be right."""
        schema = protocol.call_schema([self._registry.get(name).card() for name in asked.candidates])
        prompt = [*said, asked.message]
        try:
            written = protocol.parse_call(await self._ask("act", asked.number + 1, prompt, schema))
            grounded = await self._grounded(asked.number, prompt, written)
            return await self._completed(asked, prompt, grounded)
        except (MalformedTurn, MalformedCompletion):
            return None

    async def _grounded(self, number: int, prompt: Sequence[Message], written: CallDraft) -> CallDraft:
        """The call as written, or written again where a value is misspelt, as in the loop's act node."""
        if not (self._settings.ground_arguments and self._settings.grammar):
            return written
        card = self._registry.get(written.name).card()
        slipped = grounding.misspelt(written.arguments, card.parameters, grounding.seen_in(prompt))
        if not slipped:
            return written
        schema = protocol.call_schema([grounding.narrowed(card, written.arguments, slipped)])
        return protocol.parse_call(await self._ask("act", number + 1, prompt, schema))

    async def _completed(self, asked: "_Asked", prompt: Sequence[Message], written: CallDraft) -> CallDraft:
        """The call with the options that its step names, as in the loop's act node."""
        if not (self._settings.name_options and self._settings.grammar):
            return written
        card = self._registry.get(written.name).card()
        names = options.left_out(written, card, asked.planned.do)
        if not names:
            return written
        schema = protocol.call_schema([options.completed(card, written, names)])
        return protocol.parse_call(await self._ask("act", asked.number + 1, prompt, schema))

    def _rankings(self, task: str) -> list[Ranking]:
        return [self._registry.search(part, len(self._registry), self._encoder) for part in parts_of(task)]

    def _candidates(self, step: PlannedStep, shown: Sequence[str]) -> list[str]:
        """As in the loop's act node."""
        if self._settings.tool_choice == "model":
            return list(shown)
        ranking = self._registry.search(step.do, len(self._registry), self._step_encoder)
        margin = self._settings.candidate_margin if self._encoder else inf
        near = shortlist([(tool.name, score) for tool, score in ranking], shown, margin)
        return near[: 1 if self._settings.tool_choice == "encoder" else self._settings.num_candidates]

    async def _ask(self, purpose: Purpose, step_id: int, messages: Sequence[Message], schema: JsonSchema) -> str:
        if limit := self._assignment.limits.reached(self._model_calls):
            raise _LimitReached(limit)
        sampling = Sampling(
            temperature=self._settings.temperature,
            top_p=self._settings.top_p,
            max_tokens=self._settings.max_completion_tokens,
            seed=self._assignment.seed,
        )
        enforced = schema if self._settings.grammar else None
        completion = await self._chat.complete(messages, enforced, sampling)
        self._model_calls.append(recorded(purpose, step_id, messages, enforced, sampling, completion))
        return completion.text

    async def _call(self, number: int, draft: CallDraft | None) -> Step:
        if draft is None or draft.name not in self._registry:
            return Step(number + 1, "act", message="malformed or repeated call")
        call = ToolCall(f"call-{number + 1}-1", draft.name, dict(draft.arguments))
        result = await self._registry.get(draft.name)(draft.arguments)
        return Step(number + 1, "act", (call,), Observation((observed(call.tool_call_id, result),)), plan_step=number)


def each_once(
    written: Sequence[CallDraft | None], before: Sequence[tuple[str, Mapping[str, JsonValue]]]
) -> list[CallDraft | None]:
    """The calls with None for one that was made `before` or stands earlier, or that says a part of what another says:
    two steps that are one call are one thing, said in two parts."""
    kept = list[CallDraft | None]()
    for at, draft in enumerate(written):
        others = [*before, *((other.name, other.arguments) for other in written[:at] if other)]
        later = [(other.name, other.arguments) for other in written[at + 1 :] if other and draft != other]
        repeats = draft is None or any(
            name == draft.name and draft.arguments.items() <= arguments.items() for name, arguments in [*others, *later]
        )
        kept.append(None if repeats else draft)
    return kept


@dataclass(frozen=True)
class _Asked:
    """A step whose call is to be written, and the message that asks for it."""

    number: int
    planned: PlannedStep
    candidates: Sequence[str]
    message: Message


@dataclass(frozen=True)
class _Made:
    """A step with its call, made and taken down."""

    planned: PlannedStep
    message: Message
    draft: CallDraft | None
    step: Step

    def block(self) -> list[Message]:
        """Its part of the chat, as the loop would have it."""
        if self.draft is None or self.step.observation is None:
            return []
        [result] = self.step.observation.results
        shown = protocol.show_result(self.draft.name, result.content, result.is_error)
        return [self.message, protocol.say(self.draft), shown, protocol.say(Verdict("noted", "done"))]
