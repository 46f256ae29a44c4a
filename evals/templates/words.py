"""What the tasks are about: names, places, things. Invented, and of no particular benchmark."""

PEOPLE = ("Amara", "Bruno", "Chiyo", "Dalia", "Emeka", "Freya", "Goran", "Hana", "Ilya", "Jonas", "Kemal", "Livia")
SURNAMES = ("Abara", "Brandt", "Castel", "Dumont", "Eklund", "Farkas", "Grieco", "Holm")
CITIES = ("Tromso", "Bari", "Graz", "Nantes", "Aveiro", "Pecs", "Lodz", "Galway")
ITEMS = ("lantern", "rope", "bucket", "ladder", "hammock", "kettle", "torch", "crate", "pulley", "anvil")
TOPICS = ("roof repair", "harvest fair", "choir evening", "bicycle course", "well inspection", "seed exchange")
MEETINGS = ("Dentist", "Piano lesson", "Budget review", "Site visit", "Chess club", "Eye test", "Team lunch", "Yoga")
PLACES = ("the mill", "room 12", "the old station", "the west hall", "the library", "pier 3")
COLOURS = ("amber", "teal", "crimson", "ivory", "indigo", "olive")
DATES = ("2026-06-02", "2026-06-03", "2026-06-04", "2026-06-09", "2026-06-11", "2026-06-16", "2026-06-18")
STREETS = ("14 Quay Lane", "3 Alder Road", "27 Mill Street", "8 Orchard Close", "51 Harbour View", "6 Chapel Hill")
IMPOSSIBLE = {
    "public": (
        "Book a flight from {a} to {b} for next Monday.",
        "Turn the heating in the office up to 21 degrees.",
        "Play some quiet music.",
        "Translate the town's website into Welsh.",
        "Call a taxi to {a}.",
        "Print three copies of the map of {b}.",
        "Reserve two seats at the cinema in {a}.",
        "Repair the lock of the back door.",
    ),
    "sealed": (
        "Order two pizzas to the office in {a}.",
        "Take a photo of the front door.",
        "Water the plants on the balcony.",
        "Pay the electricity bill of {a}.",
        "Tell me how the weather is in {b} right now.",
        "Buy ten shares of the ferry company of {a}.",
        "Switch off the lights in the cellar.",
        "Draw a portrait of the mayor of {b}.",
    ),
}
