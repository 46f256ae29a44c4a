"""Coverage of the task by its calls: a file, an id, an address that the task names and no call used was left undone.

When a plan is used up and such a name remains, the model is asked once for the steps that remain. It may answer that
none do: what a name calls for stays the model's to say.
"""

from collections.abc import Sequence
from pathlib import PurePath

from coterie.agent.grounding import names_in
from coterie.agent.state import StepState
from coterie.model.protocol import dumps

MIN_STEM = 3


def untouched(task: str, steps: Sequence[StepState]) -> list[str]:
    """The names in the task that occur in the arguments of no call, in the order of the task."""
    used = "\n".join(dumps(call["arguments"]) for step in steps for call in step["tried"])
    return [name for name in reversed(names_in([task])) if not any(form in used for form in _forms(name))]


def _forms(name: str) -> tuple[str, ...]:
    """A file may be used by its stem: a query names the table, not the file."""
    stem = PurePath(name).stem
    return (name, stem) if len(stem) >= MIN_STEM else (name,)
