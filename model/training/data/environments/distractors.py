"""The tools around the right one: siblings, tools of other environments, tools of unrelated fields; or none that fit."""

import random
from collections.abc import Mapping

from coterie.model.chat import JsonSchema, ToolCard
from coterie.model.protocol import Plan
from coterie.model.training.data.environments.words import between, pick
from coterie.model.training.data.surface import Op, Style, draw_style, dress, respell
from coterie.model.training.data.trajectory import Split, Trajectory

POOL: list[Op] = []  # ops of the training environments, filled by the registry
HELD_POOL: list[Op] = []  # ops of the held-out environments
SIBLINGS: dict[str, list[str]] = {}
_VERBS = (
    "get list create update delete search send start stop check convert generate render export import validate schedule "
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


def add(rng: random.Random, run: Trajectory, style: Style, ops: Mapping[str, Op], split: Split) -> None:
    """Distractors among the tools, and the candidates of each step."""
    shown = {card.name: card for card in run.tools}
    roles = {op.role for op in ops.values()}
    wanted = len(shown) + pick_count(rng)
    siblings = [op for op in ops.values() if op.role.partition(".")[0] in _services(run, ops, style)]
    for _ in range(40):
        if len(shown) >= min(wanted, 14):
            break
        card = _one(rng, style, siblings or list(ops.values()), roles, split)
        if card.name not in shown and not _confusable(card, shown):
            shown[card.name] = card
    run.tools = list(shown.values())
    rng.shuffle(run.tools)
    for step in run.steps:
        _offer(rng, run, step.candidates)


def _services(run: Trajectory, ops: Mapping[str, Op], style: Style) -> set[str]:
    del style
    return {run.family} | {run.family.partition("/")[2]} | ({"files"} if "files.read" in ops else set())


def pick_count(rng: random.Random) -> int:
    """How many distractors: from none to ten, mostly two to six."""
    return (0, 0, 1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 8, 10)[int(rng.random() * 14)]


def _one(rng: random.Random, style: Style, siblings: list[Op], roles: set[str], split: Split) -> ToolCard:
    draw = rng.random()
    if draw < 0.5 and siblings:
        op = siblings[int(rng.random() * len(siblings))]
    elif draw < 0.85:
        pool = HELD_POOL if split == "held_environment" and HELD_POOL else POOL
        op = pool[int(rng.random() * len(pool))]
    else:
        return unrelated(rng, style.case)
    return dress(rng, op, style if rng.random() < 0.7 else draw_style(rng)).card


def _confusable(card: ToolCard, shown: Mapping[str, ToolCard]) -> bool:
    return any(card.description == other.description for other in shown.values())


def _offer(rng: random.Random, run: Trajectory, candidates: list[str]) -> None:
    others = [card.name for card in run.tools if card.name not in candidates]
    rng.shuffle(others)
    used = [step.planned.tool for step in run.steps if step.planned.tool not in candidates]
    if used and rng.random() < 0.5:
        others = list(dict.fromkeys([used[0], *others]))
    candidates.extend(others[: max(0, between(rng, 1, 4) - len(candidates))])
    rng.shuffle(candidates)


_REFUSALS = (
    "No tool here can {do}.",
    "None of the tools can {do}.",
    "I have no tool to {do}.",
    "Not possible with these tools: nothing here can {do}.",
    "The tools at hand do not {do}.",
)


def take_away(rng: random.Random, run: Trajectory, split: Split) -> None:
    """The same task with only tools that cannot do it: the plan is a refusal."""
    do = run.plan.steps[0].do
    reason = pick(rng, _REFUSALS[:4]).format(do=f"{do[0].lower()}{do[1:]}")
    foreign = [op for op in POOL if not op.fixed and op.role.partition(".")[0] not in _taken(run)]
    style, cards = draw_style(rng), {}
    for _ in range(between(rng, 0, 7)):
        far = rng.random() < 0.4 or not foreign
        card = unrelated(rng, style.case) if far else dress(rng, pick_op(rng, foreign), style).card
        cards[card.name] = card
    run.tools, run.plan, run.steps, run.replans, run.answer = list(cards.values()), Plan(refusal=reason), [], {}, None
    run.recalled = [line for line in run.recalled if not line.startswith("[solved")]
    run.kind = "refusal"
    del split


def pick_op(rng: random.Random, ops: list[Op]) -> Op:
    """One of the operations."""
    return ops[int(rng.random() * len(ops))]


def _taken(run: Trajectory) -> set[str]:
    return SERVICES_OF.get(run.environment, set()) | _COMMON


SERVICES_OF: dict[str, set[str]] = {}
_COMMON = {"files", "tables", "docs"}
