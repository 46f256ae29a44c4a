"""What no tool of any environment does; asked for in the public split."""

IMPOSSIBLE = (
    "Book a flight from {a} to {b} for next Monday.",
    "Turn the heating in the office up to 21 degrees.",
    "Play some quiet music.",
    "Translate the town's website into Welsh.",
    "Call a taxi to {a}.",
    "Print three copies of the map of {b}.",
    "Reserve two seats at the cinema in {a}.",
    "Repair the lock of the back door.",
)
