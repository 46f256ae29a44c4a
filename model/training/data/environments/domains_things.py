# ruff: noqa: E501  (phrases and tables are read best on one line)
"""Worlds of things: library, music, home, pantry, weather, repositories, issues, notes, farm, museum, property."""

from coterie.model.training.data.environments import words as w
from coterie.model.training.data.environments.records import Action, C, F, enum

_GENRES = ("novel", "history", "science", "poetry", "travel")
BOOKS = C(
    "books", "book", "books", w.code("bk", "L", "isbn"),
    (
        F("title", "text", lambda r: f"The {w.pick(r, ('Silent', 'Last', 'Glass', 'Northern', 'Hidden', 'Paper', 'Distant'))} {w.pick(r, ('Garden', 'River', 'Harbour', 'Clock', 'Winter', 'Orchard', 'Map', 'Letter'))}", ("the title",), fixed=True),
        F("author", "person", w.person, ("the author",), ("Who wrote {it}?",), fixed=True),
        F("pages", "count", lambda r: w.between(r, 80, 900), ("the number of pages",), ("How long is {it}?",), fixed=True),
        enum("status", "on_shelf", "lent", "lost", asks=("Can I borrow {it} now?",)),
        F("due", "date", w.day, ("the due date",), ("When must {it} be back?",), names=("due_date",)),
        F("shelf", "text", lambda r: f"{w.pick(r, 'ABCDEF')}{w.between(r, 1, 60)}", ("the shelf",), ("Where does {it} stand?",)),
        enum("genre", *_GENRES, says=("the genre",)),
    ),
    "title", ("volume",), ("publication", "tome"), "library", ("A reader is asking.", "I'm at the lending desk."),
    (
        Action("lend", ("lend", "check_out", "loan"), ("Lend a book.", "Lends a book that is on the shelf."), ("Lend {it} out", "Lend {it} to the reader"), "status", "lent", ("on_shelf",), "book {id} is {was} and cannot be lent", "lent"),
        Action("return", ("return", "check_in", "take_back"), ("Take a book back.", "Returns a lent book to the shelf."), ("Take {it} back", "Return {it}"), "status", "on_shelf", ("lent",), "book {id} is {was}, not lent", "back on the shelf"),
    ),
    ("the reader", "the head librarian"), ("#library", "#desk"), (("member_id", "members"),),
)  # fmt: skip
MEMBERS = C(
    "members", "member", "members", w.code("mem", "M", "card"),
    (
        F("name", "person", w.person, ("the name",), fixed=True),
        F("email", "email", w.email, ("the email address",), ("How do I write to {it}?",)),
        F("fines", "money", lambda r: round(r.random() * 30, 2), ("the fines owed",), ("How much does {it} owe?",)),
        F("valid_until", "date", w.day, ("the expiry date of the card",), ("Until when is the card of {it} valid?",)),
        enum("plan", "adult", "student", "senior", says=("the plan",)),
    ),
    "name", ("reader",), ("subscriber",), "library", ("The card office is open today.",),
)  # fmt: skip
SONGS = C(
    "tracks", "track", "tracks", w.code("trk", "S", "song"),
    (
        F("title", "text", lambda r: f"{w.pick(r, ('Blue', 'Slow', 'Broken', 'Golden', 'Electric', 'Lonely'))} {w.pick(r, ('Morning', 'Highway', 'Heart', 'Rain', 'Signal', 'Lights', 'Train', 'Island'))}", ("the title",), fixed=True),
        F("artist", "person", w.person, ("the artist",), ("Who sings {it}?", "Who plays on {it}?"), fixed=True),
        F("seconds", "count", lambda r: w.between(r, 90, 600), ("the length in seconds",), ("How long is {it}?",), fixed=True),
        F("plays", "count", lambda r: w.between(r, 0, 5000), ("the number of plays",), ("How often was {it} played?",), fixed=True),
        enum("genre", "jazz", "rock", "folk", "techno", says=("the genre",)),
        F("rating", "count", lambda r: w.between(r, 1, 10), ("the rating",), ("How well is {it} rated?",), names=("stars",)),
        F("playlist", "text", lambda r: w.pick(r, ("Morning run", "Focus", "Dinner", "Road trip", "Sleep", "Party")), ("the playlist",), ("Which playlist is {it} in?",)),
    ),
    "title", ("song",), ("tune", "recording"), "music", ("The party is tonight.", "I'm making a mix."), audience=("the band", "my sister"), channels=("#music", "dj-booth"),
)  # fmt: skip
DEVICES = C(
    "devices", "device", "devices", w.code("dev", "iot", "H"),
    (
        F("name", "text", lambda r: f"{w.pick(r, ('kitchen', 'hall', 'garden', 'bedroom', 'office', 'garage', 'attic', 'cellar'))} {w.pick(r, ('lamp', 'heater', 'camera', 'blind', 'speaker', 'fan', 'sensor', 'plug'))}", ("the name",), fixed=True),
        enum("power", "on", "off", "standby", says=("the power state",), asks=("Is {it} running?",)),
        F("level", "count", lambda r: w.between(r, 0, 100), ("the level", "the setting"), ("What is {it} set to?",), names=("brightness", "setting", "value")),
        F("battery_percent", "count", lambda r: w.between(r, 1, 100), ("the battery level in percent",), ("How much battery has {it} left?",), fixed=True),
        F("schedule", "text", w.clock, ("the switch-on time",), ("When does {it} switch on?",), names=("timer",)),
        F("last_seen", "date", w.day, ("the day it was last seen",), ("When was {it} last online?",), fixed=True),
    ),
    "name", ("appliance",), ("gadget", "fixture"), "home", ("I'm leaving the house.", "It's cold in here.", "Guests arrive tonight."),
    (
        Action("switch_on", ("turn_on", "switch_on", "start"), ("Switch a device on.", "Turns on a device that is off or in standby."), ("Turn {it} on", "Switch {it} on"), "power", "on", ("off", "standby"), "device {id} is already {was}", "on"),
        Action("switch_off", ("turn_off", "switch_off", "stop"), ("Switch a device off.", "Turns a running device off."), ("Turn {it} off", "Switch {it} off"), "power", "off", ("on", "standby"), "device {id} is already {was}", "off"),
    ),
    ("the family", "my flatmate"), ("#home", "family"),
)  # fmt: skip
SCENES = C(
    "rules", "automation", "automations", w.code("auto", "rule"),
    (
        F("name", "text", lambda r: f"{w.pick(r, ('good night', 'away', 'movie', 'wake up', 'holiday', 'guests'))} {w.between(r, 1, 9)}", ("the name",), fixed=True),
        F("runs_at", "text", w.clock, ("the time it runs",), ("At what time does {it} run?",), names=("time",)),
        F("delay_s", "count", lambda r: w.between(r, 0, 60) * 5, ("the delay in seconds",), ("How long does {it} wait?",)),
        enum("state", "enabled", "disabled", says=("the state",)),
    ),
    "name", ("routine",), ("macro",), "home", ("The house is too clever for me.",),
    (Action("disable", ("disable", "deactivate"), ("Disable an automation.", "Stops an automation from running."), ("Disable {it}",), "state", "disabled", ("enabled",), "{id} is already {was}", "disabled"),), held=True,
)  # fmt: skip
PANTRY = C(
    "pantry", "ingredient", "ingredients", w.code("ing", "F"),
    (
        F("name", "text", lambda r: w.pick(r, ("rice", "flour", "lentils", "olive oil", "honey", "oats", "coffee", "butter", "almonds", "pasta", "cocoa", "yeast", "tomatoes", "chickpeas")), ("the name",), fixed=True),
        F("grams", "count", lambda r: w.between(r, 0, 60) * 50, ("the amount in grams",), ("How much is left of {it}?",), names=("amount", "weight_g")),
        F("best_before", "date", w.day, ("the best-before date",), ("Until when does {it} keep?",), names=("expires_on",)),
        F("price", "money", lambda r: round(r.random() * 12 + 0.5, 2), ("the price",), ("What did {it} cost?",)),
        enum("place", "fridge", "freezer", "cupboard", says=("the place",), asks=("Where do we keep {it}?",)),
    ),
    "name", ("food_item",), ("foodstuff", "provision"), "kitchen", ("I'm writing the shopping list.", "Dinner is at seven."), audience=("my partner", "the cook"), channels=("#kitchen", "shopping"),
)  # fmt: skip
RECIPES = C(
    "recipes", "recipe", "recipes", w.code("rec", "R"),
    (
        F("name", "text", lambda r: f"{w.pick(r, ('lentil', 'pumpkin', 'mushroom', 'tomato', 'potato', 'almond', 'lemon'))} {w.pick(r, ('soup', 'pie', 'curry', 'cake', 'salad', 'stew'))}", ("the name",), fixed=True),
        F("servings", "count", lambda r: w.between(r, 1, 12), ("the number of servings",), ("How many people does {it} feed?",), names=("portions",)),
        F("minutes", "count", lambda r: w.between(r, 2, 36) * 5, ("the cooking time in minutes",), ("How long does {it} take?",)),
        F("cost", "money", lambda r: round(r.random() * 30 + 2, 2), ("the cost",), ("What does it cost to make {it}?",)),
        enum("diet", "vegan", "vegetarian", "meat", says=("the diet",)),
    ),
    "name", ("dish",), ("formula",), "kitchen", ("We are cooking for guests.",), audience=("the cook", "my mother"), held=True,
)  # fmt: skip
STATIONS = C(
    "stations", "weather station", "weather stations", w.code("ws", "ST", "met"),
    (
        F("city", "place", lambda r: w.pick(r, w.CITIES), ("the city",), fixed=True),
        F("temperature_c", "money", lambda r: round(r.random() * 45 - 8, 1), ("the temperature in Celsius",), ("How warm is it at {it}?",), fixed=True),
        F("wind_kmh", "count", lambda r: w.between(r, 0, 110), ("the wind speed in km/h",), ("How strong is the wind at {it}?",), fixed=True),
        F("humidity", "count", lambda r: w.between(r, 12, 100), ("the humidity",), ("How humid is it at {it}?",), fixed=True),
        enum("sky", "clear", "cloudy", "rain", "snow", says=("the sky",), asks=("What is the sky like at {it}?",)),
        F("contact", "email", w.email, ("the contact address",), ("Who answers for {it}?",)),
        F("alert_level", "count", lambda r: w.between(r, 1, 5), ("the alert level",), ("Which alert level holds at {it}?",)),
    ),
    "city", ("station",), ("observatory",), "weather", ("We are planning an outing.", "The ferry captain is asking."), audience=("the harbour", "the organisers"), channels=("#weather", "alerts"),
)  # fmt: skip
BRANCHES = C(
    "pull_requests", "pull request", "pull requests", w.code("pr", "PR", "mr"),
    (
        F("title", "text", lambda r: f"{w.pick(r, ('Fix', 'Speed up', 'Document', 'Rewrite', 'Remove', 'Test'))} the {w.pick(r, ('parser', 'login page', 'cache', 'exporter', 'scheduler', 'mailer', 'search index', 'importer'))}", ("the title",), fixed=True),
        F("author", "person", w.person, ("the author",), ("Who opened {it}?",), fixed=True),
        F("branch", "text", lambda r: f"{w.pick(r, ('fix', 'feat', 'docs', 'chore'))}/{w.pick(r, w.TOPICS).replace(' ', '-')}", ("the branch",), ("Which branch does {it} come from?",), fixed=True),
        F("changed_lines", "count", lambda r: w.between(r, 1, 2400), ("the number of changed lines",), ("How big is {it}?",), fixed=True),
        enum("state", "draft", "open", "approved", "merged", says=("the state",), asks=("Is {it} merged?",)),
        F("reviewer", "person", w.person, ("the reviewer",), ("Who reviews {it}?",)),
        F("milestone", "text", lambda r: f"{w.between(r, 0, 9)}.{w.between(r, 0, 20)}", ("the milestone",), names=("release",)),
    ),
    "title", ("merge_request",), ("changeset", "contribution"), "repo", ("The release is being cut.", "CI is green again."),
    (
        Action("merge", ("merge", "land"), ("Merge a pull request.", "Merges an approved pull request."), ("Merge {it}",), "state", "merged", ("approved",), "{id} is {was}; it must be approved before it is merged", "merged"),
        Action("approve", ("approve", "sign_off"), ("Approve a pull request.", "Approves an open pull request."), ("Approve {it}",), "state", "approved", ("open",), "{id} is {was} and cannot be approved", "approved"),
    ),
    ("the reviewers", "the release manager"), ("#dev", "#releases"),
)  # fmt: skip
ISSUES = C(
    "issues", "issue", "issues", w.code("iss", "BUG", "PRJ", "DEV"),
    (
        F("title", "text", lambda r: f"{w.pick(r, ('Crash in', 'Typo in', 'Slow', 'Missing', 'Flaky', 'Confusing'))} {w.pick(r, ('export', 'settings page', 'sign-up', 'report view', 'upload', 'calendar sync', 'dark mode'))}", ("the title",), fixed=True),
        enum("severity", "minor", "major", "blocker", says=("the severity",)),
        F("assignee", "person", w.person, ("the assignee",), ("Who has {it}?",), names=("owner",)),
        F("points", "count", lambda r: w.between(r, 1, 21), ("the story points",), ("How many points is {it}?",), names=("estimate",)),
        F("due", "date", w.day, ("the due date",), ("When is {it} due?",), names=("deadline",)),
        enum("state", "todo", "doing", "review", "closed", says=("the state",)),
    ),
    "title", ("bug", "task"), ("defect", "work_item"), "tracker", ("Stand-up is in five minutes.", "The sprint ends tomorrow."),
    (
        Action("start", ("start", "begin", "pick_up"), ("Start an issue.", "Moves an issue from todo to doing."), ("Start {it}", "Move {it} to doing"), "state", "doing", ("todo",), "issue {id} is {was}, not todo", "started"),
        Action("close", ("close", "finish", "complete"), ("Close an issue.", "Closes an issue in review."), ("Close {it}",), "state", "closed", ("review", "doing"), "issue {id} is {was} and cannot be closed", "closed", True),
    ),
    ("the developers", "the product owner"), ("#sprint", "#bugs"),
)  # fmt: skip
NOTES = C(
    "notebook", "note", "notes", w.code("note", "n"),
    (
        F("title", "text", lambda r: f"{w.pick(r, w.TOPICS)} {w.pick(r, ('ideas', 'minutes', 'list', 'draft', 'questions'))}", ("the title",), fixed=True),
        F("text", "text", lambda r: w.pick(r, w.SENTENCES), ("the text",), ("What is in {it}?", "What does {it} say?"), names=("body", "content")),
        enum("colour", "yellow", "green", "pink", says=("the colour",)),
        F("written", "date", w.day, ("the day it was written",), ("When was {it} written?",), fixed=True),
        F("folder", "text", lambda r: w.pick(r, ("work", "home", "ideas", "travel", "old")), ("the folder",), ("Which folder is {it} in?",), names=("notebook",)),
    ),
    "title", ("page",), ("jotting",), "notes", ("I wrote it down somewhere.", "My notes are a mess."),
)  # fmt: skip
TODOS = C(
    "todos", "task", "tasks", w.code("todo", "t"),
    (
        F("title", "text", lambda r: f"{w.pick(r, ('call', 'write to', 'pay', 'visit', 'thank', 'meet'))} {w.person(r)}", ("the title",), fixed=True),
        F("due", "date", w.day, ("the due date",), ("When is {it} due?",), names=("due_date", "deadline")),
        F("effort_h", "money", lambda r: w.between(r, 1, 16) / 2, ("the effort in hours",), ("How many hours will {it} take?",)),
        F("list_name", "text", lambda r: w.pick(r, ("work", "home", "errands", "someday")), ("the list",), names=("project",)),
        enum("state", "open", "done", "dropped", says=("the state",)),
    ),
    "title", ("todo", "to_do"), ("duty", "chore"), "notes", ("Let me get organised.",),
    (Action("complete", ("complete", "finish", "tick_off"), ("Complete a task.", "Ticks an open task off."), ("Tick {it} off", "Complete {it}"), "state", "done", ("open",), "task {id} is already {was}", "done"),),
)  # fmt: skip

# Held out whole

ANIMALS = C(
    "herd", "animal", "animals", w.code("tag", "cow"),
    (
        F("call_name", "text", lambda r: w.pick(r, w.FIRST), ("the call name",), fixed=True),
        enum("species", "cow", "goat", "sheep", "horse", says=("the species",)),
        F("weight_kg", "money", lambda r: round(20 + r.random() * 700, 1), ("the weight in kg",), ("How heavy is {it}?",)),
        F("milk_litres", "money", lambda r: round(r.random() * 35, 1), ("the daily milk in litres",), ("How much milk does {it} give?",)),
        F("last_checkup", "date", w.day, ("the last check-up",), ("When was {it} last seen by the vet?",)),
        F("paddock", "text", lambda r: w.pick(r, ("north meadow", "orchard", "barn 2", "hill", "creek side")), ("the paddock",), ("Where does {it} graze?",)),
        enum("health", "well", "watched", "quarantined", says=("the health state",)),
    ),
    "call_name", ("livestock",), (), "farm", ("The vet is on the way.", "Milking is done."),
    (Action("quarantine", ("quarantine", "isolate"), ("Put an animal in quarantine.", "Isolates an animal."), ("Quarantine {it}", "Isolate {it}"), "health", "quarantined", ("well", "watched"), "animal {id} is already {was}", "quarantined", True),
     Action("clear", ("clear", "release_from_quarantine"), ("Clear an animal.", "Ends the quarantine of an animal."), ("Clear {it}",), "health", "well", ("quarantined",), "animal {id} is {was}, not in quarantine", "cleared")),
    ("the vet", "the farmhands"), ("#barn", "#herd"),
)  # fmt: skip
FIELDS = C(
    "parcels", "field", "fields", w.code("plot", "fld"),
    (
        enum("crop", "wheat", "barley", "maize", "clover", says=("the crop",), asks=("What grows on {it}?",)),
        F("hectares", "money", lambda r: round(r.random() * 40 + 0.5, 1), ("the area in hectares",), ("How large is {it}?",)),
        F("sown_on", "date", w.day, ("the sowing date",), ("When was {it} sown?",)),
        F("moisture", "count", lambda r: w.between(r, 2, 90), ("the soil moisture",), ("How wet is the soil of {it}?",)),
    ),
    "", ("plot",), (), "farm", ("Rain is forecast.",),
)  # fmt: skip
EXHIBITS = C(
    "exhibits", "exhibit", "exhibits", w.code("ex", "MU", "cat"),
    (
        F("name", "text", lambda r: f"{w.pick(r, ('bronze', 'marble', 'painted', 'gilded', 'carved'))} {w.pick(r, ('vase', 'mask', 'horse', 'altar', 'bowl', 'sword', 'lyre', 'urn'))}", ("the name",), fixed=True),
        enum("condition", "on_display", "in_storage", "on_loan", says=("the state",), asks=("Can visitors see {it}?",)),
        F("insured_value", "money", w.money, ("the insured value",), ("For how much is {it} insured?",)),
        F("hall", "text", lambda r: f"hall {w.between(r, 1, 14)}", ("the hall",), ("Which hall is {it} in?",)),
        F("acquired", "date", w.day, ("the acquisition date",), ("When did {it} come to us?",)),
        F("curator", "person", w.person, ("the curator",), ("Who looks after {it}?",)),
    ),
    "name", ("artefact",), (), "museum", ("The exhibition opens on Sunday.", "A lender called."),
    (Action("store", ("store", "put_away"), ("Put an exhibit in storage.", "Moves an exhibit on display to storage."), ("Put {it} into storage",), "condition", "in_storage", ("on_display",), "exhibit {id} is {was}", "in storage"),
     Action("display", ("display", "exhibit"), ("Display an exhibit.", "Moves an exhibit from storage into its hall."), ("Put {it} on display",), "condition", "on_display", ("in_storage",), "exhibit {id} is {was}", "on display")),
    ("the curators", "the insurer"), ("#curators", "#halls"),
)  # fmt: skip
TOURS = C(
    "tours", "tour", "tours", w.code("tour", "gt"),
    (
        F("guide", "person", w.person, ("the guide",), ("Who leads {it}?",)),
        F("language", "text", lambda r: w.pick(r, ("Italian", "Dutch", "Polish", "Arabic", "Korean")), ("the language",), ("In which language is {it}?",)),
        F("visitors", "count", lambda r: w.between(r, 1, 30), ("the number of visitors",), ("How many people come to {it}?",)),
        F("day", "date", w.day, ("the day",), ("On which day is {it}?",)),
        F("price", "money", w.money, ("the price",), ("What does {it} cost?",)),
        enum("state", "planned", "full", "over", says=("the state",)),
    ),
    "", ("guided_tour",), (), "museum", ("The school group is early.",),
)  # fmt: skip

THINGS: dict[str, tuple[C, ...]] = {
    "library": (BOOKS, MEMBERS),
    "music": (SONGS,),
    "home": (DEVICES, SCENES),
    "kitchen": (PANTRY, RECIPES),
    "weather": (STATIONS,),
    "repository": (BRANCHES,),
    "tracker": (ISSUES,),
    "notes": (NOTES, TODOS),
    "farm": (ANIMALS, FIELDS),
    "museum": (EXHIBITS, TOURS),
}
