# ruff: noqa: E501  (phrases and tables are read best on one line)
"""Things that people ask simple questions about: kettles, lifts, choirs. What is known of one, and how it is asked for.

Unlike collections (`records`), a thing is asked for by what it is called, its tool may give a sentence or a bare value,
and a question may be one that is answered by yes or no.
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from coterie.model.training.data.environments import phrases as say
from coterie.model.training.data.environments.words import FIRST, between, clock, day, person, pick
from coterie.model.training.data.surface import plain

Kind = Literal["state", "flag", "number", "clock", "date", "text", "names"]
Draw = Callable[[random.Random], Any]


_UNIT_IN_NAME = re.compile("_(bar|cm|euros|grams|km|litres|pages)$")


@dataclass(frozen=True)
class Fact:
    """What is known of a thing: its value, questions after it, and how it is said in a sentence about `{it}`."""

    name: str
    kind: Kind
    draw: Draw
    asks: tuple[str, ...]  # "How hot is {it}?"
    says: str  # "{it} is at {v} degrees"
    checks: tuple[str, ...] = ()  # "Is {it} {v}?", of a state or a flag
    denies: str = ""  # "{it} is not signed", of a flag
    unit: str = ""
    options: tuple[str, ...] = ()
    may_lack: str = ""  # "{it} has no queen": what is said where there is none

    @property
    def noun(self) -> str:
        """What it is called in a sentence: the name without its unit."""
        return _UNIT_IN_NAME.sub("", self.name).replace("_", " ")


@dataclass(frozen=True)
class Deed:
    """Something done to a thing: it changes a state from one of `allowed`."""

    verbs: tuple[str, ...]  # "unlock"
    asks: tuple[str, ...]  # "Unlock {it}"
    fact: str
    value: str
    doc: str


@dataclass(frozen=True)
class Thing:
    """A kind of things; `called` are the names of some, `{it}` in questions is one of `its` with the name."""

    name: str
    noun: str
    plural: str
    called: tuple[str, ...]
    its: tuple[str, ...]
    facts: tuple[Fact, ...]
    deeds: tuple[Deed, ...] = ()
    held: bool = False

    def of(self, *kinds: Kind) -> list[Fact]:
        """Facts of these kinds."""
        return [fact for fact in self.facts if fact.kind in kinds]


def it_of(c: Thing, key: str, form: str | None = None) -> str:
    """A thing in a sentence."""
    return (form or c.its[0]).format(k=_Name(key))


class _Name(str):
    """A name that `{k!r}` puts between double quotation marks."""

    def __repr__(self) -> str:
        return f'"{self}"'


def said(c: Thing, f: Fact, key: str, value: Any, it: str = "") -> str:
    """The fact as a part of a sentence."""
    it = it or it_of(c, key)
    if value is None or value == []:
        return f.may_lack.format(it=it)
    if f.kind == "flag":
        return (f.says if value else f.denies).format(it=it)
    shown = say.conjoined(value) if isinstance(value, list) else plain(value)
    return f.says.format(it=it, v=shown)


def state(
    name: str, options: str, asks: str, says: str = "{it} is {v}", checks: str = "Is {it} {v}?|Is {it} {v} now?"
) -> Fact:
    """One of several states, which stand after `is`."""
    values = tuple(options.split("|"))
    return Fact(
        name,
        "state",
        lambda rng: pick(rng, values),
        tuple(asks.split("|")),
        says,
        tuple(checks.split("|")),
        options=values,
    )


def flag(name: str, checks: str, yes: str, no: str) -> Fact:
    """True or false."""
    return Fact(
        name, "flag", lambda rng: rng.random() < 0.5, tuple(checks.split("|")), yes, tuple(checks.split("|")), no
    )


def number(name: str, low: int, high: int, places: int, unit: str, asks: str, says: str) -> Fact:
    """A figure in a unit. Euros are in the name, as a result without them is no sum of money, and none is made up.

    None is in percent: of runs that calculate with percents there are far fewer, and they would take it over.
    """

    def draw(rng: random.Random) -> float | int:
        if rng.random() < 0.06:
            return 0
        return between(rng, low, high) if not places else round(low + rng.random() * (high - low), places)

    return Fact(name, "number", draw, tuple(asks.split("|")), says, unit=unit)


def since(name: str, asks: str, says: str, lacks: str = "") -> Fact:
    """A time of day."""
    return Fact(name, "clock", clock, tuple(asks.split("|")), says, may_lack=lacks)


def on(name: str, asks: str, says: str, lacks: str = "") -> Fact:
    """A day."""
    return Fact(name, "date", day, tuple(asks.split("|")), says, may_lack=lacks)


def text(name: str, options: str, asks: str, says: str, lacks: str = "") -> Fact:
    """One of several words."""
    values = tuple(options.split("|"))
    return Fact(
        name, "text", lambda rng: pick(rng, values), tuple(asks.split("|")), says, may_lack=lacks, options=values
    )


def someone(name: str, asks: str, says: str, lacks: str = "") -> Fact:
    """A person."""
    return Fact(name, "text", person, tuple(asks.split("|")), says, may_lack=lacks)


def people(name: str, asks: str, says: str, lacks: str) -> Fact:
    """First names, from none to five."""
    sizes = (0, 1, 1, 2, 2, 3, 3, 4, 5)
    return Fact(
        name, "names", lambda rng: rng.sample(FIRST, rng.choice(sizes)), tuple(asks.split("|")), says, may_lack=lacks
    )


def _t(
    name: str, plural: str, called: str, its: str, *facts: Fact, deeds: tuple[Deed, ...] = (), held: bool = False
) -> Thing:
    return Thing(
        name.replace(" ", "_"), name, plural, tuple(called.split("|")), tuple(its.split("|")), facts, deeds, held
    )


_PLACES = "Birch Row|Old Quarry|Stone Bridge|Harrow Hill|West Dock|Lower Green|Abbey Court|Fox Lane|Long Meadow|Kings Yard|Elm Corner|Salt Road|River Walk|Castle End"
_ROOMS = (
    "bathroom|office|hall|nursery|workshop|studio|library|laundry|bedroom|storeroom|canteen|lobby|pantry|conservatory"
)
_LETTERED = "A1|A2|A7|B3|B4|B12|C5|C9|D2|E6|F10|G8"
_NUMBERED = "3|7|12|19|24|31|46|58|63|75|82|104|217|350"
_CODED = "K-14|K-15|K-22|K-40|K-51|K-63|K-87|K-90|K-118|K-230"

THINGS: tuple[Thing, ...] = (
    _t("lift", "lifts", "north|south|east|west|central|goods|glass|service", "the {k} lift|lift {k}|the lift {k!r}",
       state("state", "running|out of order|being serviced|held at the ground floor", "What is the state of {it}?|How is {it} doing?|What's up with {it}?"),
       number("floor", 1, 14, 0, "", "At which floor is {it}?|Where is {it} now?", "{it} is at floor {v}"),
       flag("inspected", "Has {it} been inspected?|Is {it} inspected?", "{it} has been inspected", "{it} has not been inspected"),
       text("fault", "a door that does not close|a worn cable|a burnt fuse|a stuck button", "What is wrong with {it}?|Which fault does {it} have?", "the fault of {it} is {v}", "{it} has no fault"),
       deeds=(Deed(("stop", "halt"), ("Stop {it}", "Halt {it}"), "state", "stopped", "Stop a lift."),)),
    _t("pump", "pumps", _LETTERED, "pump {k}|the pump {k}|pump {k!r}",
       state("state", "pumping|idle|blocked|switched off|overheated", "What is {it} doing?|In what state is {it}?|How is {it}?|Where does {it} stand?"),
       number("pressure_bar", 1, 9, 1, "bar", "What is the pressure of {it}?|How high is the pressure at {it}?|What pressure does {it} have?", "the pressure of {it} is {v} bar"),
       since("running_since", "Since when is {it} running?|When did {it} start?|How long has {it} been on, I mean since when?", "{it} is running since {v}", "{it} is not running"),
       on("last_service", "When was {it} serviced?|When did somebody last service {it}?", "{it} was serviced on {v}", "{it} was never serviced"),
       deeds=(Deed(("start", "switch_on"), ("Start {it}", "Switch {it} on"), "state", "pumping", "Start a pump."), Deed(("stop", "switch_off"), ("Stop {it}", "Switch {it} off"), "state", "switched off", "Stop a pump."))),
    _t("letter", "letters", _CODED, "letter {k}|the letter {k}|the letter with number {k}",
       state("status", "on its way|lost|returned to sender|signed for|held at the post office", "What is the status of {it}?|Where is {it}?|What happened to {it}?|Where does {it} stand?"),
       someone("sender", "Who sent {it}?|Who is {it} from?", "{it} is from {v}"),
       number("weight_grams", 8, 900, 0, "grams", "How heavy is {it}?|What does {it} weigh?", "{it} weighs {v} grams"),
       flag("registered", "Is {it} registered?|Was {it} registered?", "{it} is registered", "{it} is not registered")),
    _t("room", "rooms", _ROOMS, "the {k}",
       number("temperature", 9, 27, 1, "degrees", "How warm is it in {it}?|What is the temperature in {it}?|How many degrees are there in {it}?", "it is {v} degrees in {it}"),
       flag("occupied", "Is anybody in {it}?|Is {it} occupied?", "{it} is occupied", "{it} is not occupied"),
       state("blinds", "up|down|half down", "How are the blinds in {it}?|Where are the blinds of {it}?", "the blinds in {it} are {v}", "Are the blinds in {it} {v}?"),
       number("humidity", 25, 80, 0, "", "How humid is {it}?|What is the humidity in {it}?", "the humidity in {it} is {v}")),
    _t("choir", "choirs", "Larks|Thrushes|Echoes|Harmonics|Bell Voices|River Singers|Minster Boys|Low Notes", "the {k}|the choir {k}|the choir called {k}",
       people("sopranos", "Who sings soprano in {it}?|Who are the sopranos of {it}?", "the sopranos of {it} are {v}", "nobody sings soprano in {it}"),
       someone("leader", "Who leads {it}?|Who is the leader of {it}?", "{v} leads {it}", "nobody leads {it}"),
       text("rehearses_on", "Mondays|Tuesdays|Wednesdays|Thursdays|Fridays|Sundays", "When does {it} rehearse?|On which day does {it} meet?", "{it} rehearses on {v}"),
       number("members", 5, 70, 0, "", "How many members does {it} have?|How big is {it}?", "{it} has {v} members")),
    _t("oven", "ovens", "1|2|3|4|5|6|7|8|9", "oven {k}|oven number {k}|the oven {k}",
       number("degrees", 40, 300, 0, "degrees", "How hot is {it}?|What temperature has {it}?", "{it} is at {v} degrees"),
       state("door", "open|shut|locked", "How is the door of {it}?|What about the door of {it}?", "the door of {it} is {v}", "Is the door of {it} {v}?"),
       text("dish", "bread|lasagne|an apple pie|roast potatoes|a quiche", "What is in {it}?|What is baking in {it}?", "{v} is in {it}", "{it} is empty"),
       since("ready_at", "When is {it} ready?|At what time will {it} be done?", "{it} is ready at {v}", "nothing is baking in {it}"),
       deeds=(Deed(("lock_door", "lock"), ("Lock the door of {it}", "Lock {it}"), "door", "locked", "Lock the door of an oven."),)),
    _t("trail", "trails", _PLACES, "the trail {k}|{k}|the {k} trail",
       state("condition", "open|closed|muddy|icy|flooded", "How is {it}?|What is the condition of {it}?|In what state is {it}?"),
       number("length_km", 2, 26, 1, "kilometres", "How long is {it}?|What is the length of {it}?", "{it} is {v} kilometres long"),
       flag("marked", "Is {it} marked?|Is {it} signposted?", "{it} is marked", "{it} is not marked"),
       text("closed_because", "a fallen tree|a landslide|nesting birds|the hunting season", "Why is {it} closed?|What is the reason that {it} is closed?", "{it} is closed because of {v}", "no reason is given for {it}")),
    _t("bus", "buses", _NUMBERED, "bus {k}|the bus {k}|bus number {k}",
       number("minutes_late", 1, 40, 0, "minutes", "How late is {it}?|How many minutes late is {it}?", "{it} is {v} minutes late"),
       text("next_stop", "Market Square|Hospital|Town Hall|Airport|University|Zoo", "What is the next stop of {it}?|Where does {it} stop next?", "the next stop of {it} is {v}"),
       someone("driver", "Who drives {it}?|Who is the driver of {it}?", "{v} drives {it}"),
       flag("full", "Is {it} full?|Is {it} already full?", "{it} is full", "{it} is not full")),
    _t("loan", "loans", "L-301|L-302|L-318|L-340|L-377|L-405|L-416|L-450|L-499", "loan {k}|the loan {k}|loan number {k}",
       state("status", "open|paid back|overdue|written off", "What is the status of {it}?|How does {it} stand?|Where does {it} stand?"),
       number("rest_euros", 100, 9000, 2, "euros", "How much of {it} is left?|What is left to pay of {it}?", "{v} euros of {it} are left"),
       on("due", "When is {it} due?|Until when is {it} to be paid?", "{it} is due on {v}"),
       someone("borrower", "Who took {it}?|Whose is {it}?", "{v} took {it}")),
    _t("cow", "cows", "Daisy|Bella|Rosie|Clover|Molly|Hazel|Poppy|Maggie|Ruby", "{k}|the cow {k}|our cow {k}",
       number("milk_litres", 8, 38, 1, "litres", "How much milk did {it} give?|How many litres did {it} give today?", "{it} gave {v} litres"),
       flag("pregnant", "Is {it} pregnant?|Is {it} expecting a calf?", "{it} is pregnant", "{it} is not pregnant"),
       text("stall", "S1|S2|S3|S4|S5", "In which stall is {it}?|Where does {it} stand?", "{it} is in stall {v}", "{it} has no stall"),
       on("vaccinated", "When was {it} vaccinated?|When did {it} get the vaccine?", "{it} was vaccinated on {v}", "{it} was never vaccinated")),
    _t("printer", "printers", "Gutenberg|Caxton|Aldus|Garamond|Bodoni|Plantin|Elzevir", "the printer {k}|{k}|printer {k}",
       state("state", "ready|offline|printing|jammed|out of paper", "What is the state of {it}?|How is {it}?|What is wrong with {it}?|What is {it} doing?"),
       number("toner_pages", 1, 900, 0, "pages", "How many pages can {it} still print?|How much toner has {it} left?", "the toner of {it} is good for {v} pages"),
       number("jobs", 1, 25, 0, "", "How many jobs are waiting at {it}?|How many jobs has {it}?", "{v} jobs are waiting at {it}"),
       flag("colour", "Does {it} print in colour?|Can {it} do colour?", "{it} prints in colour", "{it} does not print in colour"),
       deeds=(Deed(("restart", "reset"), ("Restart {it}", "Reset {it}"), "state", "ready", "Restart a printer."),)),
    _t("club", "clubs", "chess|rowing|debate|film|garden|judo|pottery|sailing", "the {k} club|the club for {k}",
       people("board", "Who is on the board of {it}?|Who sits on the board of {it}?", "on the board of {it} are {v}", "nobody is on the board of {it}"),
       number("fee_euros", 5, 120, 2, "euros", "What does {it} cost a year?|How much is the fee of {it}?", "the fee of {it} is {v} euros"),
       flag("takes_members", "Does {it} take new members?|Can one still join {it}?", "{it} takes new members", "{it} does not take new members"),
       text("meets_at", "the town hall|the school|the old mill|the library", "Where does {it} meet?|What place does {it} meet at?", "{it} meets at {v}")),
    _t("server", "servers", "atlas|hermes|juno|vesta|orion|pluto|ceres|titan", "{k}|server {k}|the server {k}",
       state("status", "up|down|rebooting|in maintenance|unreachable", "What is the status of {it}?|How is {it} doing?|What about {it}?"),
       number("users", 1, 99, 0, "", "How many users are on {it}?|How busy is {it}?", "{v} users are on {it}"),
       since("last_backup", "When was {it} backed up?|When did the last backup of {it} run?", "{it} was backed up at {v}", "{it} was never backed up"),
       text("cause", "a full disk|a broken fan|no power|a bad cable|a crashed process", "Why does {it} have trouble?|What is the cause of the trouble with {it}?", "the trouble of {it} is {v}", "no trouble is known of {it}"),
       deeds=(Deed(("reboot", "restart"), ("Reboot {it}", "Restart {it}"), "status", "rebooting", "Reboot a server."),)),
    _t("painting", "paintings", "Night Harbour|The Reaper|Red Interior|Winter Fields|Girl with Kite|Blue Vase|Two Sisters", "{k!r}|the painting {k!r}|the picture {k!r}",
       someone("painter", "Who painted {it}?|Who is the painter of {it}?", "{v} painted {it}", "nobody knows who painted {it}"),
       number("year", 1650, 2020, 0, "", "From which year is {it}?|When was {it} painted?", "{it} is from {v}"),
       state("place", "on show|in the vault|on loan|being restored", "Where is {it}?|What is the state of {it}?"),
       flag("signed", "Is {it} signed?|Did the painter sign {it}?", "{it} is signed", "{it} is not signed")),
    _t("shelf", "shelves", _LETTERED, "shelf {k}|the shelf {k}",
       number("room_cm", 1, 180, 0, "centimetres", "How much room is left on {it}?|How many centimetres are free on {it}?", "{v} centimetres are free on {it}"),
       text("goods", "tins|flour|batteries|paint|nails|candles", "What lies on {it}?|What is kept on {it}?", "{v} are kept on {it}", "{it} is empty"),
       flag("labelled", "Is {it} labelled?|Does {it} have a label?", "{it} is labelled", "{it} is not labelled")),
    _t("team", "teams", "Otters|Falcons|Badgers|Comets|Rangers|Titans|Wolves", "the {k}|the team {k}",
       people("injured", "Who of {it} is injured?|Which players of {it} are injured?", "injured are {v}", "nobody of {it} is injured"),
       number("points", 1, 60, 0, "points", "How many points have {it}?|What is the score of {it}?", "{it} have {v} points"),
       text("next_match", "Hawks|Bears|Rovers|Lions|Sharks", "Whom do {it} play next?|Who is the next opponent of {it}?", "{it} play the {v} next", "{it} have no next match"),
       state("form", "in good form|in poor form|unbeaten", "How are {it} doing?|What form are {it} in?", "{it} are {v}", "Are {it} {v}?")),
    _t("order", "orders", "W-210|W-211|W-219|W-236|W-248|W-260|W-275|W-281|W-297", "order {k}|the order {k}|order number {k}",
       state("state", "delayed|packed|shipped|waiting for payment|cancelled|at the depot", "What is the state of {it}?|Where does {it} stand?|How is {it} coming along?|What about {it}?", checks="Is {it} {v}?|Has {it} been {v}?"),
       on("expected", "When is {it} expected?|When will {it} come?", "{it} is expected on {v}", "no day is known for {it}"),
       number("total_euros", 5, 900, 2, "euros", "What does {it} come to?|How much is {it}?", "{it} comes to {v} euros"),
       deeds=(Deed(("cancel", "void"), ("Cancel {it}", "Call {it} off"), "state", "cancelled", "Cancel an order."),)),
    _t("patient", "patients", "bed 1|bed 2|bed 3|bed 4|bed 5|bed 6|bed 7", "the patient in {k}|{k}",
       number("fever", 36, 41, 1, "degrees", "What temperature has {it}?|How high is the fever of {it}?", "{it} has {v} degrees"),
       flag("fasting", "Is {it} fasting?|Must {it} fast?", "{it} is fasting", "{it} is not fasting"),
       someone("doctor", "Who looks after {it}?|Which doctor has {it}?", "{v} looks after {it}", "no doctor looks after {it}"),
       text("allergy", "penicillin|latex|nuts|iodine", "What is {it} allergic to?|Which allergy has {it}?", "{it} is allergic to {v}", "{it} has no known allergy")),
    _t("window", "windows", _ROOMS, "the window of the {k}|the {k} window",
       state("position", "open|shut|tilted", "How is {it}?|What is the state of {it}?|In what position is {it}?"),
       flag("broken", "Is {it} broken?|Is the glass of {it} broken?", "{it} is broken", "{it} is not broken"),
       on("cleaned", "When was {it} cleaned?|When did anybody clean {it}?", "{it} was cleaned on {v}", "{it} was never cleaned"),
       deeds=(Deed(("open_window", "open"), ("Open {it}",), "position", "open", "Open a window."), Deed(("shut", "close"), ("Shut {it}", "Close {it}"), "position", "shut", "Shut a window."))),
    _t("battery", "batteries", _NUMBERED, "battery {k}|the battery {k}|battery number {k}",
       number("minutes_left", 1, 300, 0, "minutes", "How long does {it} last?|How many minutes are left in {it}?", "{it} lasts {v} minutes more"),
       state("test", "passed|failed|still running", "How did the test of {it} go?|What came out of the test of {it}?", "the test of {it} is {v}", "Is the test of {it} {v}?"),
       flag("charging", "Is {it} charging?|Is {it} being charged?", "{it} is charging", "{it} is not charging")),
    _t("course", "courses", "Italian|welding|first aid|baking|statistics|drawing|yoga", "the {k} course|the course in {k}",
       people("enrolled", "Who is enrolled in {it}?|Who takes {it}?", "enrolled in {it} are {v}", "nobody is enrolled in {it}"),
       number("places", 1, 30, 0, "", "How many places are left in {it}?|How many can still join {it}?", "{v} places are left in {it}"),
       someone("teacher", "Who teaches {it}?|Who gives {it}?", "{v} teaches {it}", "nobody teaches {it} yet"),
       state("status", "full|cancelled|about to begin|open for booking", "What is the status of {it}?|How does {it} stand?")),
    _t("boat", "boats", "Sea Pink|Marigold|Old Tom|Spindrift|Calypso|Merry Ann|Grey Lady", "the {k}|the boat {k}|{k}",
       state("state", "at sea|in the dock|under repair|sold", "Where is {it}?|What is the state of {it}?|What about {it}?"),
       people("crew", "Who is aboard {it}?|Who sails on {it}?", "aboard {it} are {v}", "nobody is aboard {it}"),
       number("fuel_litres", 1, 400, 0, "litres", "How much fuel has {it}?|How many litres of fuel are in {it}?", "{it} has {v} litres of fuel"), held=True),
    _t("barrel", "barrels", _CODED, "barrel {k}|the barrel {k}",
       number("litres", 1, 225, 1, "litres", "How much is in {it}?|How many litres are left in {it}?", "{v} litres are in {it}"),
       text("content", "cider|stout|vinegar|honey wine", "What is in {it}?|What does {it} hold?", "{v} is in {it}", "{it} is empty"),
       flag("tapped", "Is {it} tapped?|Has {it} been tapped?", "{it} is tapped", "{it} is not tapped"),
       state("seal", "intact|broken|missing", "How is the seal of {it}?", "the seal of {it} is {v}", "Is the seal of {it} {v}?"), held=True),
)  # fmt: skip
"""Of the kinds that are held out nothing is learned."""
