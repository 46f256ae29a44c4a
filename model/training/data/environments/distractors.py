# ruff: noqa: SIM905  (word lists are read best as running text)
"""The tools around the right one: siblings, tools of other environments and of unrelated fields; or none that fit."""

import random
from collections.abc import Mapping, Sequence

from coterie.model.chat import JsonSchema, ToolCard
from coterie.model.protocol import Plan
from coterie.model.training.data.environments.words import between, pick
from coterie.model.training.data.surface import Op, Style, draw_style, dress, respell
from coterie.model.training.data.trajectory import Split, Trajectory

POOL: list[Op] = []  # ops of the training environments, filled by the registry
HELD_POOL: list[Op] = []  # ops of the held-out environments
_VERBS = (
    "get list create update delete search send start stop check convert generate render export import validate plan "
    "cancel analyse translate compress upload download sync archive restore rank predict monitor reset approve compare"
).split()
_FIELDS = (
    "dns_record ssl_certificate crossword horoscope chess_game star_chart tide_table lottery_draw recipe_video haiku "
    "barcode qr_code font_family colour_palette sound_effect podcast_feed subtitle_track map_tile elevation_profile "
    "earthquake pollen_forecast gene_sequence protein molecule crystal_lattice enzyme patient_chart x_ray prescription "
    "vaccine_slot blood_donor court_case patent trademark tax_bracket mortgage loan_offer stock_quote crypto_wallet "
    "bond_yield election_result census_tract parking_zone toll_road bus_stop ferry ski_lift golf_course marathon "
    "wine_cellar cheese aquarium beehive greenhouse compost_bin solar_panel wind_turbine heat_pump water_meter "
    "satellite rocket_launch telescope asteroid exoplanet drone 3d_print laser_cutter loom kiln piano_lesson "
    "movie_ticket theatre_seat art_auction museum_tour comic_strip video_clip live_stream game_server virtual_machine "
    "container_image load_balancer firewall_rule queue_topic cache_key feature_flag ab_test crash_report heat_map "
    "survey ballot petition fundraiser sponsor volunteer_shift pet_sitter dog_walk vet_visit horse_stable wedding_guest"
).split()
_ARGUMENTS: tuple[tuple[str, JsonSchema], ...] = (
    ("id", {"type": "string"}),
    ("name", {"type": "string"}),
    ("date", {"type": "string", "format": "date"}),
    ("limit", {"type": "integer", "default": 10}),
    ("region", {"type": "string"}),
    ("query", {"type": "string"}),
    ("language", {"type": "string"}),
    ("quality", {"enum": ["low", "medium", "high"]}),
    ("amount", {"type": "number"}),
    ("url", {"type": "string"}),
    ("tags", {"type": "array", "items": {"type": "string"}}),
    ("enabled", {"type": "boolean"}),
    ("radius_km", {"type": "number"}),
    ("year", {"type": "integer"}),
)
_SAYING = ("{V} a {n}.", "{V} the {n}.", "{V} {n} data.", "{V} one {n} by its attributes.", "{V} a {n} for the user.")


def unrelated(rng: random.Random, case: str) -> ToolCard:
    """A tool of a field that no task is about; it is never called."""
    verb, noun = pick(rng, _VERBS), pick(rng, _FIELDS)
    arguments = rng.sample(_ARGUMENTS, between(rng, 1, 3))
    saying = pick(rng, _SAYING).format(V=verb.capitalize(), n=noun.replace("_", " "))
    required = [arguments[0][0]] + [name for name, _ in arguments[1:] if rng.random() < 0.4]
    parameters: JsonSchema = {"type": "object", "properties": dict(arguments), "required": required}
    spelled = f"{noun}.{verb}" if case == "dotted" else respell(f"{verb}_{noun}", case)
    return ToolCard(spelled, saying, parameters)


def add(
    rng: random.Random, run: Trajectory, style: Style, used: Sequence[Op], ops: Mapping[str, Op], split: Split
) -> None:
    """Distractors among the tools, and the candidates of each step."""
    shown = {card.name: card for card in run.tools}
    same, services = {op.same for op in used}, {op.role.partition(".")[0] for op in used}
    siblings = [op for op in ops.values() if op.role.partition(".")[0] in services and op.same not in same]
    if style.native and rng.random() < 0.25:
        for built_in in (op for op in POOL if op.fixed and op.same not in same and rng.random() < 0.6):
            same.add(built_in.same)
            card = dress(rng, built_in, style).card
            shown.setdefault(card.name, card)
    wanted = min(len(shown) + pick_count(rng), 14)
    for _ in range(30):
        if len(shown) >= wanted:
            break
        op = _other(rng, siblings, split)
        if op is None:
            card = unrelated(rng, style.case)
        elif op.same in same:
            continue
        else:
            same.add(op.same)
            card = dress(rng, op, style if rng.random() < 0.7 else draw_style(rng)).card
        if card.name not in shown:
            shown[card.name] = card
    run.tools = list(shown.values())
    rng.shuffle(run.tools)
    for step in run.steps:
        _offer(rng, run, step.candidates)


def pick_count(rng: random.Random) -> int:
    """How many distractors: from none to ten, mostly two to six."""
    return (0, 0, 1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 8, 10)[int(rng.random() * 14)]


def _other(rng: random.Random, siblings: Sequence[Op], split: Split) -> Op | None:
    draw = rng.random()
    if draw < 0.5 and siblings:
        return siblings[int(rng.random() * len(siblings))]
    pool = HELD_POOL if split == "held_environment" and HELD_POOL else POOL
    return pool[int(rng.random() * len(pool))] if draw < 0.85 and pool else None


def _offer(rng: random.Random, run: Trajectory, candidates: list[str]) -> None:
    others = [card.name for card in run.tools if card.name not in candidates]
    rng.shuffle(others)
    used = [step.tool for step in run.steps if step.tool not in candidates]
    if used and rng.random() < 0.5:
        others = list(dict.fromkeys([used[0], *others]))
    candidates.extend(others[: max(0, between(rng, 1, 4) - len(candidates))])
    rng.shuffle(candidates)


_REFUSALS = (
    "No tool here can {do}.",
    "None of the tools can {do}.",
    "I have no tool to {do}.",
    "Not possible with these tools: nothing here can {do}.",
)


def take_away(
    rng: random.Random, run: Trajectory, used: Sequence[Op], ops: Mapping[str, Op], others: Sequence[str]
) -> None:
    """The same task with only tools that cannot do it: the plan is a refusal. Memory has only its `others` left."""
    do = run.plan.steps[0].do
    reason = pick(rng, _REFUSALS).format(do=f"{do[0].lower()}{do[1:]}")
    own = {op.role.partition(".")[0] for op in [*used, *ops.values()]}
    foreign = [op for op in POOL if not op.fixed and op.role.partition(".")[0] not in own]
    readers = _readers(used, ops) if rng.random() < 0.5 else []
    style = draw_style(rng)
    cards = {card.name: card for card in (dress(rng, op, style).card for op in readers)}
    for _ in range(between(rng, 0, 7 - len(cards))):
        far = rng.random() < 0.4 or not foreign
        card = unrelated(rng, style.case) if far else dress(rng, foreign[int(rng.random() * len(foreign))], style).card
        cards[card.name] = card
    run.tools, run.plan, run.steps, run.replans, run.answer = list(cards.values()), Plan(refusal=reason), [], {}, None
    rng.shuffle(run.tools)
    run.recalled = [line for line in run.recalled if line in others or not line.startswith("[solved")]
    run.kind = "refusal"


def _readers(used: Sequence[Op], ops: Mapping[str, Op]) -> list[Op]:
    """For a task of one write: tools of the same service that only read, so that they are no way to do it."""
    if len(used) != 1 or not used[0].writes:
        return []
    service = used[0].role.partition(".")[0]
    return [op for op in ops.values() if op.role.partition(".")[0] == service and not op.writes and not op.fixed][:3]
