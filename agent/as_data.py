"""Outside text on its way into a prompt: data, never structure.

A tool's output or a recalled line may contain the control tokens of a chat template (`<|im_end|>`), which
a server would tokenise as the end of the turn. They are broken up, so the text can only be read.
"""

import re

_CONTROL_TOKEN = re.compile(r"<\|([^<>|\s]{1,64})\|>")


def as_data(text: str) -> str:
    """The text with its control tokens spelled `<| name |>`."""
    return _CONTROL_TOKEN.sub(r"<| \1 |>", text)
