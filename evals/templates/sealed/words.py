"""What no tool of any environment does; asked for in the sealed split."""

IMPOSSIBLE = (
    "Order two pizzas to the office in {a}.",
    "Take a photo of the front door.",
    "Water the plants on the balcony.",
    "Pay the electricity bill of {a}.",
    "Tell me how the weather is in {b} right now.",
    "Buy ten shares of the ferry company of {a}.",
    "Switch off the lights in the cellar.",
    "Draw a portrait of the mayor of {b}.",
)
