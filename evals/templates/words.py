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
