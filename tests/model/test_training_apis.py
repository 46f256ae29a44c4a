"""The API data: every trajectory renders, its calls satisfy the tools' schemas, splits do not mix, seeds repeat."""

import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from coterie.model import protocol
from coterie.model.training.data import contamination
from coterie.model.training.data import text as general_text
from coterie.model.training.data.apis import (
    Generate,
    assembled,
    catalogue,
    documentation,
    frames,
    functions,
    generators,
    phrasing,
    several,
    values,
)
from coterie.model.training.data.apis.documentation import Operation
from coterie.model.training.data.apis.sources import FrameSource
from coterie.model.training.data.own_words import MAX_WORDS
from coterie.model.training.data.trajectory import Split, Trajectory, chat

SPLITS: list[Split] = ["train", "held_template", "held_family"]
NOUNS = ["queue", "bucket", "cluster", "alarm", "job", "table"]


def _operations(service: str) -> Iterator[Operation]:
    for noun in NOUNS:
        title = noun.title()
        name = {"type": "string", "description": f"The name of the {noun}."}
        ident = {"type": "string", "description": f"The id of the {noun}."}
        mode = {"type": "string", "enum": ["FAST", "SLOW_START"], "description": "The mode."}
        size = {"type": "integer", "minimum": 1, "maximum": 90, "description": "The size."}
        tags = {"type": "array", "items": {"type": "string"}, "description": "Tags."}
        made = {f"{title}Name": name, "Mode": mode, "Size": size, "Tags": tags}
        yield Operation(
            service, f"Create{title}", f"Creates a {noun}.", f"Create a {noun}", made, [f"{title}Name"], ["Status"]
        )
        yield Operation(
            service,
            f"Delete{title}",
            f"Deletes the specified {noun}.",
            f"Delete the specified {noun}",
            {f"{title}Id": ident},
            [f"{title}Id"],
        )
        yield Operation(
            service,
            f"List{title}s",
            f"Lists all {noun}s.",
            f"List all {noun}s",
            {"Mode": mode, "MaxResults": size},
            [],
            [f"{title}s"],
        )


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, float, Generate]]:
    path = tmp_path_factory.mktemp("apis") / "catalogue.json.gz"
    services = [f"service{i}" for i in range(60)]
    assert any(map(frames.is_held, services))
    catalogue.save(path, [operation for service in services for operation in _operations(service)])
    return generators(path)


def _valid(run: Trajectory) -> None:
    schemas = {tool.name: tool.parameters for tool in run.tools}
    assert len(schemas) == len(run.tools), "two tools share a name"
    for number, step in enumerate(run.steps, 1):
        assert step.tool in step.candidates
        assert set(step.candidates) <= schemas.keys()
        assert all(need < number for need in step.planned.needs)
        for attempt in step.attempts:
            Draft202012Validator(schemas[step.tool]).validate(dict(attempt.arguments))
    assert all(len(step.do.split()) <= MAX_WORDS and "\n" not in step.do for step in run.plan.steps)
    assert chat(run)


@pytest.mark.parametrize("split", SPLITS)
def test_every_kind_makes_valid_trajectories(kinds: list[tuple[str, float, Generate]], split: Split) -> None:
    for name, _, generate in kinds:
        rng = random.Random(f"{name}{split}")
        for _ in range(40):
            run = generate(rng, split)
            _valid(run)
            assert bool(run.plan.refusal) != bool(run.plan.steps)


def test_the_same_seed_gives_the_same_chats(kinds: list[tuple[str, float, Generate]]) -> None:
    for _, _, generate in kinds:
        first, second = (
            [chat(generate(rng, "train")) for _ in range(5)] for rng in (random.Random(3), random.Random(3))
        )
        assert first == second


def test_held_families_are_never_trained(kinds: list[tuple[str, float, Generate]]) -> None:
    for name, _, generate in kinds:
        trained = {generate(random.Random(i), "train").family for i in range(60)}
        held = {generate(random.Random(i), "held_family").family for i in range(60)}
        assert not trained & held, name


def test_parallel_steps_differ_and_each_says_the_values_of_its_own_call(
    kinds: list[tuple[str, float, Generate]],
) -> None:
    parallel = {name: generate for name, _, generate in kinds}["functions.parallel"]
    runs = [parallel(random.Random(i), "train") for i in range(200)]
    assert sum("respectively" in run.task for run in runs) > 5
    assert sum(" the same for " in run.task or "What about " in run.task for run in runs) > 5
    for run in runs:
        assert len({step.do for step in run.plan.steps}) == len(run.plan.steps) > 1
        for step in run.steps:
            texts = [v for v in step.attempts[0].arguments.values() if isinstance(v, str) and v in run.task]
            assert all(text in step.planned.do or text in step.planned.known for text in texts), run.task


def test_what_a_call_gives_is_in_the_request_or_in_an_earlier_result(kinds: list[tuple[str, float, Generate]]) -> None:
    chain = {name: generate for name, _, generate in kinds}["functions.chain"]
    for i in range(60):
        run = chain(random.Random(i), "train")
        for number, step in enumerate(run.steps[1:], 2):
            given = run.steps[0].attempts[0].observation or ""
            missing = [v for v in step.attempts[0].arguments.values() if str(v) not in step.planned.known]
            ids = [v for v in missing if isinstance(v, (str, int)) and not isinstance(v, bool) and str(v) in given]
            assert step.planned.needs == (1,)
            assert ids, f"step {number} uses an id that no result gave"


TARIFF = """@ trip_cost|cost_of_trip : Work out the cost of a trip.
city city -- City
month month -- Month
! Work out the cost of a trip to {city} in {month}
"""


def _built(rng: random.Random) -> frames.Built:
    [frame] = frames.read(TARIFF, "travel")
    return frames.build(rng, frame, style="snake")


def test_two_lists_ask_for_every_pair() -> None:
    rng = random.Random(2)
    asked = several._crossed(rng, _built(rng), 0, 4)
    assert asked
    calls = [ask.arguments for ask in asked.asks]
    assert len({(call["city"], call["month"]) for call in calls}) == 4
    assert len({call["city"] for call in calls}) == len({call["month"] for call in calls}) == 2
    for ask in asked.asks:
        assert ask.text == f"Work out the cost of a trip to {ask.arguments['city']} in {ask.arguments['month']}"
        assert all(str(value) in asked.text for value in ask.arguments.values())


def test_two_lists_of_two_and_three_ask_for_six() -> None:
    rng = random.Random(2)
    asked = several._crossed(rng, _built(rng), 0, 6)
    assert asked
    assert len({tuple(ask.arguments.values()) for ask in asked.asks}) == 6


def test_items_of_a_list_are_joined_in_many_ways_and_each_is_said_once() -> None:
    items = ["Vilnius", "Split", "Porto"]
    said = {several._say_several(random.Random(seed), items) for seed in range(200)}
    assert len(said) > 8
    assert all(text.count(item) == 1 for text in said for item in items)
    lines = several._one_a_line(random.Random(1), items).splitlines()
    assert lines[0].endswith(":")
    assert [line.split(" ", 1)[1] for line in lines[1:]] == items


def test_hard_refusals_are_offered_tools_told_in_much_the_same_words() -> None:
    source = FrameSource()
    for seed in range(30):
        rng = random.Random(seed)
        ask = source.ask(rng, "train")
        near = source._alike(ask.origin.frame)
        words = source._words
        mine = words[ask.origin.frame.key]
        shared = {key: sum(mine[word] * his.get(word, 0.0) for word in mine) for key, his in words.items()}
        assert ask.origin.frame not in near
        assert (
            min(shared[frame.key] for frame in near) >= sorted(shared[key] for key in rng.sample(list(words), 40))[-9]
        )
        assert all(card.name != ask.card.name for card in source.unfit(rng, ask, 3, hard=True))


@pytest.mark.parametrize("seed", range(8))
def test_cases_say_the_purpose_once_and_their_own_values(seed: int) -> None:
    rng = random.Random(seed)
    asked = several._cases(rng, _built(rng), 0, 3 + seed % 4)
    assert asked
    assert asked.text.count("Work out the cost of a trip") == 1
    for ask in asked.asks:
        assert ask.text.startswith("Work out the cost of a trip with ")
        assert all(str(value) in ask.text and str(value) in asked.text for value in ask.arguments.values())


def test_a_rate_is_a_fraction_unless_the_tool_asks_for_per_cent() -> None:
    for seed in range(60):
        slot = values.kind("pct:1-20")(random.Random(seed))
        drawn = slot.draw(random.Random(seed))
        said = float(drawn.text.rstrip("%").removesuffix(" percent"))
        is_fraction = "percent" not in slot.hint and drawn.text != str(drawn.value)
        assert drawn.value == pytest.approx(said / 100 if is_fraction else said)


def _drawn(spec: str, count: int = 300) -> Iterator[tuple[str, object, str]]:
    for seed in range(count):
        slot = values.kind(spec)(random.Random(seed % 7))
        yield slot.hint, *reversed(slot.draw(random.Random(seed)))


def test_a_length_is_in_the_unit_of_the_tool_whatever_it_is_said_in() -> None:
    each = {"cm": 1, "centimetres": 1, "m": 100, "metres": 100, "mm": 0.1}
    seen = set()
    for hint, said, value in _drawn("unit:cm:150-200"):
        number, unit = str(said).split()
        seen.add(unit)
        assert float(number.replace(",", "")) * each[unit] == pytest.approx(value)
        assert "cm" in hint or "centimetres" in hint
    assert seen == set(each)


def test_spans_of_time_are_counted_in_the_unit_of_the_tool() -> None:
    days = {str(said): value for _, said, value in _drawn("lasting:days:2-56")}
    assert days["six weeks"] == 42
    assert all(
        value == int(said.split()[0]) for said, value in days.items() if said.endswith("days") and said[0].isdigit()
    )
    minutes = {str(said): value for _, said, value in _drawn("lasting:minutes:15-360")}
    assert (minutes["half an hour"], minutes["an hour and a half"], minutes["two hours"]) == (30, 90, 120)


@pytest.mark.parametrize(
    ("spec", "said", "value"),
    [
        ("hour", "6 pm", 18),
        ("hour", "noon", 12),
        ("heads", "two adults and three kids", 5),
        ("heads", "just me", 1),
        ("fullplace", "Bergen in Norway", "Bergen, Norway"),
        ("fullplace", "Reno, NV", "Reno, NV"),
        ("state", "Oregon", "OR"),
        ("countrycode", "the Netherlands", "NL"),
    ],
)
def test_what_people_say_is_not_what_the_call_has(spec: str, said: str, value: object) -> None:
    assert value in {drawn for _, text, drawn in _drawn(spec, 4000) if text == said}


def test_years_before_our_era_are_negative() -> None:
    for _, said, value in _drawn("era"):
        assert (int(str(value)) < 0) == ("B" in str(said))


def test_frames_of_one_goal_differ_and_are_never_offered_together() -> None:
    made = assembled.load()
    drives = [frame for frame in made if frame.key.startswith("drive_ratio.")]
    assert len({tuple(p.name for p in frame.parameters) for frame in drives}) > assembled.FRAMES_OF_A_GOAL / 2
    source = FrameSource((0.0, 0.0, 1.0))
    for seed in range(40):
        rng = random.Random(seed)
        ask = source.ask(rng, "train")
        others = [*source.siblings(rng, [ask], 4), *source.unfit(rng, ask, 3, hard=True)]
        names = {name for frame in made if frame.names == ask.origin.frame.names for name in frame.names}
        words = {frames.words_of(name) for name in names}
        assert not any(frames.words_of(card.name)[-len(w) :] == w for card in others for w in words)


def test_there_are_many_frames_and_every_one_can_be_asked() -> None:
    every = [*frames.load(), *functions.load(), *assembled.load()]
    assert len(every) >= 1500
    rng = random.Random(0)
    for frame in every:
        for template in range(len(frame.requests)):
            built = frames.build(rng, frame, needs=frames.needs_of(frame, template))
            asked = frames.ask(rng, built, template)
            assert {built.names[name] for name in built.required} <= asked.arguments.keys()
            assert not set("{}|") & set(asked.text)


def test_a_template_says_what_it_must_and_may_say_the_rest() -> None:
    parsed = phrasing.parse("(Fly|Go) to {city}[ on {day}]")
    said = {
        phrasing.render(parsed, random.Random(i), lambda slot, _: slot.upper(), lambda slot: True) for i in range(40)
    }
    assert said == {"Fly to CITY", "Go to CITY", "Fly to CITY on DAY", "Go to CITY on DAY"}
    assert parsed.slots == {"city"}


def test_a_frame_that_forgets_a_required_parameter_is_refused() -> None:
    with pytest.raises(ValueError, match="does not say"):
        list(frames.read("@ f : Do it.\na int:1-3 -- A\nb int:1-3 -- B\n! do {a}", "here"))


def test_documentation_becomes_plain_imperatives() -> None:
    assert documentation.plain("<p>Deletes the <code>queue</code>.</p><p>More.</p>") == "Deletes the queue"
    assert documentation.imperative("Deletes the queue") == "Delete the queue"
    assert documentation.imperative("The queue is deleted") == ""


def test_contamination_reads_the_tasks_of_suites_written_in_yaml(tmp_path: Path) -> None:
    (tmp_path / "suite.yaml").write_text("- id: water\n  task: Give bed three four litres of water.\n")
    suites = contamination.Suites([tmp_path])
    assert suites.hits("give bed three four litres of water") == (False, True)
    asked = protocol.ask_plan("Give bed three four litres of water.", ["[fact] beds are numbered"])["content"]
    assert suites.hits(protocol.task_in(asked)) == (False, True)


def test_contamination_finds_equal_requests_and_shared_runs(tmp_path: Path) -> None:
    words = "please compute the number of green apples in the big basket near the old door today"
    (tmp_path / "suite.jsonl").write_text(json.dumps({"question": [[{"content": words}]]}) + "\n")
    suites = contamination.Suites([tmp_path])
    found = suites.check([words, f"first {words} then stop", "something else entirely, said here"])
    assert (found.checked, found.ngram_hits, found.exact_hits) == (3, 2, 1)
    assert "3 texts" in str(found)
    with pytest.raises(ValueError, match="does not exist"):
        contamination.Suites([tmp_path / "none"])


def test_general_text_keeps_prose_once_and_drops_code(tmp_path: Path) -> None:
    prose = "This is a paragraph of plain prose that says how the garden was planted and why it was good for the town. "
    prose += "It is long enough to be kept."
    (tmp_path / "a.md").write_text(f"{prose}\n\n>>> print(1)\n\n{prose}\n\n{prose.replace('garden', 'orchard')}")
    found = list(general_text.collect([tmp_path]))
    assert "".join(found).count("plain prose") == 2
    assert ">>>" not in "".join(found)


def test_the_catalogue_file_is_read_back(tmp_path: Path) -> None:
    operations = list(_operations("store"))
    catalogue.save(tmp_path / "c.json.gz", operations)
    assert catalogue.load(tmp_path / "c.json.gz") == operations
    with gzip.open(tmp_path / "c.json.gz") as file:
        assert file.read(2) == b"[{"
