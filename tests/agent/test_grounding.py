"""Names given to reading tools: what counts as one, what was seen, and the narrowed second draft."""

import pytest

from coterie.agent.grounding import (
    corrected,
    is_mendable,
    is_name,
    is_not_there,
    misspelt,
    names_in,
    narrowed,
    seen_in,
    slipped,
    slips,
    trimmed,
)
from coterie.model.chat import ToolCard
from coterie.model.protocol import CallDraft, ask_plan, ask_step, call_schema, errors_of, say, show_result

PARAMETERS = {
    "type": "object",
    "properties": {
        "path": {"type": "string"},
        "unit": {"type": "string", "enum": ["kg", "m/s"]},
        "day": {"type": "string", "format": "date"},
        "text": {"type": "string"},
    },
}


@pytest.mark.parametrize(
    "text", ["policy.csv", "A-17", "reports/june.md", "ann@example.org", "inv_00031", "/srv/a", "~/b.md", "./c1"]
)
def test_names(text: str) -> None:
    assert is_name(text)


@pytest.mark.parametrize("text", ["late", "2025-03-01", "3*4.5", "round(2.5)", "two words", "", "-"])
def test_not_names(text: str) -> None:
    assert not is_name(text)


def test_a_slip_is_a_name_nobody_mentioned() -> None:
    arguments = {"path": "policy.csv", "unit": "m/s", "day": "x-1", "text": "orders.csv"}
    assert slips(arguments, PARAMETERS, "read policy.txt, then orders.csv") == ["path"]


@pytest.mark.parametrize(
    ("written", "seen", "is_slip"),
    [
        ("ana@b.it", "mail hana@b.it", True),
        ("hana@b.it", "mail hana@b.it.", False),
        ("june.md", "read reports/june.md", False),
        ("june.md", "read reports_june.md", False),
        ("june.m", "read reports/june.md", True),
    ],
)
def test_a_part_of_a_name_is_a_slip_unless_it_is_one_itself(written: str, seen: str, is_slip: bool) -> None:
    assert slips({"path": written}, PARAMETERS, seen) == ["path"] * is_slip


def test_names_come_last_seen_first_and_once() -> None:
    texts = ["Order A17 is in orders.csv.", "no order 'A17'; the order ids are A-14, A-15"]
    assert names_in(texts) == ["A-15", "A-14", "A17", "orders.csv"]


def test_the_second_draft_may_only_choose_among_the_names() -> None:
    card = ToolCard("read_file", "Read.", PARAMETERS)
    schema = call_schema([narrowed(card, {"path": "policy.csv", "text": "x"}, {"path": ["policy.txt", "A17"]})])
    assert schema["properties"]["name"] == {"const": "read_file"}
    arguments = schema["properties"]["arguments"]
    assert arguments["properties"] == {"path": {"enum": ["policy.txt", "A17"]}, "text": {"const": "x"}}
    assert arguments["required"] == ["path", "text"]


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("Liverley", ["Liverpool"]),
        ("Buffin", ["Puffin"]),
        ("the Buffin", ["the Puffin"]),
        ("puffin", None),  # as it was said
        ("Puffins", None),  # a form of it
        ("berth B3", None),  # another number is another thing
        ("Kestrel", None),  # a new word
        ("Puffin to Kestrel", None),  # one new word among known ones
        ("m/s", None),
    ],
)
def test_a_value_a_letter_or_two_beside_what_was_seen(value: str, meant: list[str] | None) -> None:
    seen = ["Let the Puffin sail from Liverpool to berth B2"]
    assert misspelt({"text": value}, PARAMETERS, seen) == ({"text": meant} if meant else {})


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("Sofia Lake", ["Long Lake"]),
        ("Sofia lake", ["Long Lake"]),
        ("the Meron Islands", ["the Aland Islands"]),
        ("Long Lake, MN", None),  # more words than were said: an addition, not a swap
        ("warm Lake", None),  # no name
        ("Sofia Bay", None),  # no word of it was said
        ("Old Sofia Lake", None),  # nothing that long was said
        ("Grand Lake", None),  # the parameter's description has it
    ],
)
def test_a_name_with_one_word_swapped(value: str, meant: list[str] | None) -> None:
    lakes = {"properties": {"text": {"type": "string", "description": "A lake, such as Grand Lake"}}}
    seen = ["How deep is Long Lake, and how far is it from the Aland Islands?"]
    assert misspelt({"text": value}, lakes, seen) == ({"text": meant} if meant else {})


def test_only_reading_tools_may_not_name_new_things() -> None:
    card, draft = ToolCard("t", "", PARAMETERS), CallDraft("t", {"path": "a/b.txt"})
    assert slipped(draft, card, ["see c/d.txt"], is_read=True) == {"path": ["c/d.txt"]}
    assert slipped(draft, card, ["see c/d.txt"], is_read=False) == {}
    assert slipped(draft, card, ["no name at all"], is_read=True) == {}


def test_what_a_step_names_is_not_left_out_for_something_new() -> None:
    card, seen = ToolCard("t", "", PARAMETERS), ["see c/d.txt"]
    new = CallDraft("t", {"path": "a/b.txt", "text": "x"})
    assert slipped(new, card, seen, is_read=False, do="Write it to e.txt") == {"path": ["e.txt"]}
    assert slipped(new, card, seen, is_read=False, do="Write it to a new file") == {}
    said = CallDraft("t", {"path": "a/b.txt", "text": "from e.txt"})
    assert slipped(said, card, seen, is_read=False, do="Write e.txt somewhere") == {}


def test_tools_are_not_what_was_said() -> None:
    messages = [ask_plan("Sail", (), [("find_boat", 0.4)]), ask_step(1, "Sail", ["Puffin"], ["cast_off"])]
    text = "\n".join(seen_in(messages))
    assert "Puffin" in text
    assert not {"find_boat", "cast_off"} & set(text.split())


@pytest.mark.parametrize(
    ("error", "is_read", "choices"),
    [
        ("no file 'a/log'; did you mean 'a/log.txt'?", False, ["a/log.txt"]),
        ("no item 'a/log'; the items are rope, kettle", False, ["kettle"]),
        ("no item 'a/log'; the items are rope, pulley", False, None),
        ("no item 'a/log'; the ids are E1, E2", True, ["E2", "E1"]),
        ("a/log is locked", False, None),
        ("see 'the a/log'", True, None),  # nothing that has the value itself in it
        ("the disk is full", True, None),
    ],
)
def test_a_failed_call_is_corrected_from_its_error(error: str, is_read: bool, choices: list[str] | None) -> None:
    draft = CallDraft("t", {"path": "a/log", "unit": "kg"})
    found = corrected(draft, ToolCard("t", "", PARAMETERS), [(draft, [error])], "move the kettle", is_read=is_read)
    assert found.get("path", [])[: len(choices or [])] == (choices or [])
    assert set(found) == ({"path"} if choices else set())


@pytest.mark.parametrize(
    ("written", "choices"),
    [("A-15", {"path": ["A-17"]}), ("A-17", {}), ("A17", {"path": ["A-17"]}), (None, {})],
)
def test_a_retry_takes_what_is_close_to_the_refused_value(written: str | None, choices: dict[str, list[str]]) -> None:
    refused, card = CallDraft("t", {"path": "A17"}), ToolCard("t", "", PARAMETERS)
    draft = CallDraft("t", {"path": written} if written else {"text": "all"})
    error = "no order 'A17'; the order ids are A-14, A-15, A-17"
    assert corrected(draft, card, [(refused, [error])], "order A17", is_read=True) == choices


@pytest.mark.parametrize(
    "error",
    [
        "no machine 'saw'; there are press 3, lathe 1, saw 2",
        "saw is not known. Machines: press 3, lathe 1, saw 2",
        "there is no saw: 'press 3', 'lathe 1', 'saw 2'",
    ],
)
def test_a_retry_takes_the_refused_value_with_the_word_that_it_lacked(error: str) -> None:
    refused, card = CallDraft("t", {"path": "saw"}), ToolCard("t", "", PARAMETERS)
    found = corrected(CallDraft("t", {"path": "lathe 1"}), card, [(refused, [error])], "start saw 2", is_read=False)
    assert found == {"path": ["saw 2"]}
    assert corrected(CallDraft("t", {"path": "saw 2"}), card, [(refused, [error])], "start saw 2", is_read=False) == {}
    lathe = corrected(CallDraft("t", {"path": "lathe 1"}), card, [(refused, [error])], "start a saw", is_read=False)
    assert lathe == {}, "which saw is meant was not said"


def test_a_retry_is_free_where_nothing_close_is_on_offer() -> None:
    refused, card = CallDraft("t", {"path": "zebra"}), ToolCard("t", "", PARAMETERS)
    failed = [(refused, ["no order 'zebra'; the order ids are A-14, A-15"])]
    assert corrected(CallDraft("t", {"path": "A-15"}), card, failed, "the zebra", is_read=True) == {}


def test_the_errors_of_a_call_are_those_of_exactly_this_one() -> None:
    draft, other = CallDraft("t", {"path": "a"}), CallDraft("t", {"path": "b"})
    messages = [say(draft), show_result("t", "no file 'a'", is_error=True), say(other), show_result("t", "b is here")]
    assert errors_of(draft, messages) == ["no file 'a'"]
    assert errors_of(other, messages) == []


@pytest.mark.parametrize(
    ("value", "trimmed_to"),
    [(" Marlin", "Marlin"), ("new ", "new"), (" ", " "), (" as said", " as said"), ("  x\n", "  x\n"), (5, 5)],
)
def test_spaces_around_a_value_go_unless_they_were_seen(value: object, trimmed_to: object) -> None:
    made = trimmed(CallDraft("t", {"text": value}), ["Moor the Marlin ' as said'"])
    assert made == CallDraft("t", {"text": trimmed_to})


@pytest.mark.parametrize(
    ("value", "error", "mendable"),
    [
        ("A17", "no order 'A17'; the order ids are A-14, A-17", True),
        ("oat Milk", "no item oat Milk; there are 'Oat milk', 'Oats'", True),
        ("S-101", "no order S-101; there are S-110, S-120", False),
        ("A17", "the carrier does not answer", False),
        ("/srv/log/a.txt", "/srv/log/a.txt is read-only; unlock can make it writable", False),
        ("srv/log/a.txt", "no file srv/log/a.txt; there is /srv/log/a.txt", True),
    ],
)
def test_an_error_mends_a_value_that_it_writes_otherwise(value: str, error: str, mendable: bool) -> None:
    assert is_mendable(CallDraft("t", {"path": value}), ToolCard("t", "", PARAMETERS), error) == mendable


@pytest.mark.parametrize(
    ("task", "value", "error", "not_there"),
    [
        ("What is the state of parcel P-77?", "P-77", "no parcel 'P-77'; there are P-31, P-32", True),
        ("What is robot 5 doing?", "robot 5", "no machine 'robot 5'; there are press 3, saw 2", True),
        ("Start saw 2.", "2", "no machine '2'; there are press 3, saw 2", False),  # a part of what is asked for
        ("Is the attic locked?", "attic", "no alarm in 'attic'; there are alarms in kitchen, cellar", True),
        ("Where is the meeting?", "meeting", "no column 'meeting'; did you mean 'Spring meeting'?", False),
        ("Read notes.txt.", "notes.txt", "no file notes.txt; there are a.csv, old-notes.txt", False),
        ("What is in box 7?", "7", "no box 7; there are 17, 70", True),
        ("Look up P-77, else P-32", "P-77", "no parcel 'P-77'; there are P-31, P-32", False),  # asked for as well
        ("What is the state of parcel P31?", "P31", "no parcel 'P31'; there are P-31, P-32", False),  # close
        ("What is the state of that parcel?", "P-77", "no parcel 'P-77'; there are P-31, P-32", False),  # not asked for
        ("What is the state of parcel P-77?", "P-77", "parcel P-77 is locked", False),  # nothing is listed
        ("Delete a/b.txt", "a/b.txt", "a/b.txt is read-only; chmod can make it writable", False),
        ("What is the state of parcel P-77?", "P-77", "503 Service Unavailable", False),
    ],
)
def test_what_is_asked_for_and_not_there_is_told_from_a_slip(
    task: str, value: str, error: str, not_there: bool
) -> None:
    call = CallDraft("t", {"path": value})
    assert is_not_there(call, ToolCard("t", "", PARAMETERS), error, task) == not_there
