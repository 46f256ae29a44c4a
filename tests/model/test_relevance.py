"""Parts of a task, and which tools come nearest to any of them."""

from coterie.model.relevance import matches, parts_of, rank


def test_parts_of_a_task() -> None:
    assert parts_of("Sum 1.5 and 2; write it, then stop") == [
        "Sum 1.5 and 2; write it, then stop",
        "Sum 1.5 and 2",
        "write it",
        "then stop",
    ]
    assert parts_of("One thing") == ["One thing"]


class Named:
    def __init__(self, name: str) -> None:
        self.name = name


def test_a_tool_counts_by_the_part_it_suits_best() -> None:
    tools = [Named("mail"), Named("sum"), Named("list")]
    by_part = [rank(tools, [0.1, 0.7, 0.3]), rank(tools, [0.6, 0.0, 0.2])]
    assert matches(by_part, k=2) == [("sum", 0.7), ("mail", 0.6)]
    assert matches([]) == []


def test_equal_scores_keep_the_order_given() -> None:
    tools = [Named("b"), Named("a")]
    assert [tool.name for tool, _ in rank(tools, [0.5, 0.5])] == ["b", "a"]
