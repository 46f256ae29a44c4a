# ruff: noqa: E501 (tables of words and phrases)
"""Word pools from which argument values are drawn: names of places, people, things. All written here or plain geography."""


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.replace("\n", ",").split(",") if word.strip()]


CITIES = _words("""Paris, Rome, Oslo, Lyon, Lisbon, Madrid, Porto, Seville, Berlin, Hamburg, Munich, Cologne, Vienna, Graz, Zurich, Geneva,
Basel, Brussels, Ghent, Antwerp, Amsterdam, Utrecht, Rotterdam, Copenhagen, Aarhus, Stockholm, Malmo, Gothenburg, Bergen, Helsinki, Tampere,
Tallinn, Riga, Vilnius, Warsaw, Krakow, Gdansk, Prague, Brno, Budapest, Bucharest, Sofia, Athens, Istanbul, Ankara, Belgrade, Zagreb, Split,
Ljubljana, Dublin, Cork, London, Leeds, Bristol, Glasgow, Edinburgh, Cardiff, New York, Boston, Chicago, Seattle, Portland, Denver, Austin,
Dallas, Houston, Miami, Atlanta, Phoenix, San Diego, San Francisco, Los Angeles, Las Vegas, Detroit, Nashville, Minneapolis, Toronto,
Montreal, Vancouver, Calgary, Ottawa, Mexico City, Lima, Quito, Bogota, Santiago, Buenos Aires, Montevideo, Sao Paulo, Salvador, Cairo, Tunis,
Casablanca, Nairobi, Accra, Lagos, Dakar, Cape Town, Durban, Dubai, Doha, Amman, Mumbai, Delhi, Chennai, Pune, Kolkata, Dhaka, Colombo,
Kathmandu, Bangkok, Hanoi, Singapore, Jakarta, Manila, Taipei, Seoul, Busan, Tokyo, Osaka, Kyoto, Sapporo, Shanghai, Beijing, Chengdu,
Sydney, Melbourne, Perth, Brisbane, Auckland, Wellington, Reykjavik, Valletta, Naples, Turin, Bologna, Florence, Palermo, Nice, Marseille""")
PLACES = _words("""Paris|France, Lyon|France, Rome|Italy, Milan|Italy, Oslo|Norway, Bergen|Norway, Lisbon|Portugal, Porto|Portugal,
Madrid|Spain, Valencia|Spain, Berlin|Germany, Leipzig|Germany, Vienna|Austria, Zurich|Switzerland, Prague|Czech Republic, Cork|Ireland,
Austin|TX, Denver|CO, Boston|MA, Seattle|WA, Portland|OR, Miami|FL, Chicago|IL, Atlanta|GA, Phoenix|AZ, Nashville|TN, San Jose|CA, Buffalo|NY,
Reno|NV, Tampa|FL, Columbus|OH, Toronto|Canada, Osaka|Japan, Kyoto|Japan, Pune|India, Chennai|India, Nairobi|Kenya, Accra|Ghana, Lima|Peru,
Sydney|Australia, Perth|Australia, Auckland|New Zealand, Seoul|South Korea, Hanoi|Vietnam, Cairo|Egypt, Helsinki|Finland, Tampere|Finland""")
COUNTRIES = _words("""France, Italy, Spain, Portugal, Germany, Austria, Switzerland, Belgium, Netherlands, Denmark, Sweden, Norway, Finland,
Iceland, Ireland, Poland, Hungary, Romania, Bulgaria, Greece, Turkey, Croatia, Serbia, Estonia, Latvia, Lithuania, Canada, Mexico, Brazil,
Argentina, Chile, Peru, Colombia, Ecuador, Uruguay, Egypt, Morocco, Tunisia, Kenya, Ghana, Nigeria, Senegal, South Africa, Ethiopia, India,
Pakistan, Bangladesh, Nepal, Sri Lanka, Thailand, Vietnam, Malaysia, Indonesia, Philippines, Japan, South Korea, Australia, New Zealand""")
FIRST = _words("""Anna, Ben, Carla, David, Elena, Farid, Grace, Hugo, Ines, Jonas, Kira, Liam, Mona, Nils, Olga, Pedro, Quinn, Rosa, Samir, Tara,
Uma, Victor, Wendy, Xavier, Yara, Zoe, Amir, Bea, Chen, Dara, Emil, Fiona, Goran, Hana, Ivan, Jade, Kofi, Lena, Marco, Nadia, Omar, Priya,
Rahul, Sofia, Tomas, Ursula, Vera, Will, Yuki, Zain, Aisha, Bruno, Clara, Diego, Eva, Felix, Gita, Henrik, Ida, Joao, Karim, Lucia, Mateo,
Noor, Oskar, Petra, Ravi, Selma, Theo, Wanda, Arjun, Bianca, Colin, Daria, Erik, Freya""")
LAST = _words("""Silva, Novak, Keller, Okafor, Tanaka, Larsen, Moreau, Rossi, Garcia, Haddad, Kim, Patel, Nowak, Berg, Costa, Dubois, Evans,
Fischer, Gupta, Hughes, Ito, Jensen, Kaya, Lopez, Mensah, Nielsen, Ortiz, Park, Quist, Rivera, Sato, Torres, Ueda, Vargas, Weber, Xu, Young,
Zhang, Adeyemi, Brandt, Carter, Dogan, Eriksen, Farah, Greco, Holm, Ivanov, Joshi, Kovacs, Lind, Meyer, Nkosi, Olsen, Popescu, Reyes, Singh,
Thorne, Underhill, Virtanen, Walsh, Yilmaz, Abbott, Becker, Calloway, Draper, Ellison""")
COMPANIES = _words("""Northwind, Bluefin Labs, Acorn Foods, Vertex Motors, Harbor & Sons, Lumen Energy, Maple Software, Orchid Media, Redwood Bank,
Solaris Travel, Tidewater Shipping, Quarry Steel, Pinecone Toys, Kestrel Air, Juniper Health, Granite Insurance, Ember Coffee, Delta Paper,
Copperline, Brightside Solar, Atlas Freight, Willow Dental, Zephyr Games, Fernhill Farms, Ironbark Tools, Opaline Cosmetics, Saffron Catering""")
TICKERS = _words(
    "NWND, BLFN, ACRN, VTXM, LUMN, MPLE, RDWB, KSTR, GRNT, EMBR, CPLN, ATLS, ZPHR, AAPL, MSFT, TSLA, NVDA, AMZN, GOOGL, META, INTC, IBM, ORCL, SAP"
)
CURRENCIES = _words("""USD|US dollars|dollars, EUR|euros|euro, GBP|British pounds|pounds sterling, JPY|Japanese yen|yen, CHF|Swiss francs|francs,
CAD|Canadian dollars, AUD|Australian dollars, SEK|Swedish kronor, NOK|Norwegian kroner, DKK|Danish kroner, INR|Indian rupees|rupees,
CNY|Chinese yuan|yuan, BRL|Brazilian reais, MXN|Mexican pesos, PLN|Polish zloty, ZAR|South African rand, KRW|Korean won, TRY|Turkish lira""")
LANGUAGES = _words("""English, French, Spanish, German, Italian, Portuguese, Dutch, Swedish, Polish, Czech, Greek, Turkish, Arabic, Hebrew, Hindi,
Bengali, Tamil, Thai, Vietnamese, Japanese, Korean, Mandarin, Finnish, Danish, Hungarian, Romanian, Swahili, Indonesian""")
STATE_CODES = _words("""AL|Alabama, AK|Alaska, AZ|Arizona, CA|California, CO|Colorado, CT|Connecticut, FL|Florida, GA|Georgia, HI|Hawaii,
ID|Idaho, IL|Illinois, IN|Indiana, IA|Iowa, KS|Kansas, KY|Kentucky, LA|Louisiana, ME|Maine, MD|Maryland,
MA|Massachusetts, MI|Michigan, MN|Minnesota, MO|Missouri, MT|Montana, NE|Nebraska, NV|Nevada, NJ|New Jersey,
NM|New Mexico, NY|New York, NC|North Carolina, OH|Ohio, OK|Oklahoma, OR|Oregon, PA|Pennsylvania, TN|Tennessee,
TX|Texas, UT|Utah, VT|Vermont, VA|Virginia, WA|Washington, WI|Wisconsin""")
COUNTRY_CODES = _words("""FR|France, IT|Italy, ES|Spain, PT|Portugal, DE|Germany, AT|Austria, CH|Switzerland, BE|Belgium, NL|the Netherlands,
DK|Denmark, SE|Sweden, NO|Norway, FI|Finland, IE|Ireland, PL|Poland, GR|Greece, TR|Turkey, CA|Canada, MX|Mexico,
BR|Brazil, AR|Argentina, CL|Chile, PE|Peru, EG|Egypt, KE|Kenya, IN|India, JP|Japan, CN|China, AU|Australia,
NZ|New Zealand, US|the United States, GB|Great Britain""")
LANG_CODES = _words("""en|English, fr|French, es|Spanish, de|German, it|Italian, pt|Portuguese, nl|Dutch, sv|Swedish, pl|Polish, el|Greek, tr|Turkish,
ar|Arabic, hi|Hindi, ja|Japanese, ko|Korean, zh|Chinese, fi|Finnish, da|Danish, ro|Romanian, ru|Russian, uk|Ukrainian""")
CUISINES = _words(
    "Italian, Thai, Mexican, Indian, Japanese, Greek, Lebanese, Ethiopian, Korean, Vietnamese, French, Spanish, Turkish, Peruvian, Moroccan, Chinese, Georgian, Persian"
)
DISHES = _words("""lentil soup, mushroom risotto, chicken curry, beef stew, pad thai, ratatouille, shakshuka, paella, lasagne, pumpkin pie,
apple crumble, banana bread, tomato soup, caesar salad, fish tacos, falafel, pancakes, carrot cake, miso soup, goulash, moussaka, gnocchi,
spinach quiche, black bean chili, tiramisu, cheesecake, sourdough bread, minestrone, chicken pot pie, ramen""")
INGREDIENTS = _words("""flour, sugar, butter, eggs, milk, rice, lentils, chickpeas, tomatoes, onions, garlic, spinach, carrots, potatoes, chicken,
salmon, tofu, cheddar, yogurt, oats, almonds, walnuts, honey, olive oil, basil, cumin, paprika, mushrooms, zucchini, peppers, coconut milk""")
FOODS = _words(
    "banana, apple, avocado, boiled egg, oatmeal, bagel, croissant, grilled salmon, brown rice, greek yogurt, peanut butter, hummus, sweet potato, dark chocolate, mango, quinoa, orange juice, cottage cheese, burrito, pizza slice"
)
ANIMALS = _words(
    "otter, red fox, barn owl, grey wolf, blue whale, emperor penguin, snow leopard, koala, hedgehog, giraffe, sea turtle, bison, lynx, octopus, puffin, honeybee, gecko, raven, manatee, elephant, cheetah, tapir"
)
PLANTS = _words(
    "basil, lavender, tomato, rosemary, monstera, aloe vera, orchid, sunflower, mint, blueberry, tulip, fern, jasmine, snake plant, peony, oak, maple, bamboo, cactus, hydrangea"
)
DOGS = _words(
    "beagle, labrador, border collie, poodle, dachshund, boxer, husky, corgi, terrier, greyhound, siamese cat, maine coon, golden retriever"
)
MOVIES = _words("""Glass Harbor, The Last Orchard, Midnight Ferry, Paper Lanterns, Winter Signal, Ocean of Dust, The Cartographer, Red Kites,
A Quiet Engine, Borderlight, Saltwater, Echo Station, Hollow Crown Road, Summer of Wasps, The Clockmaker's Son, Inception, Casablanca, Vertigo, Alien, Amelie""")
BOOKS = _words("""The Salt Path Home, A History of Small Rooms, The Beekeeper's Ledger, Tides and Tables, Northern Letters, Clay Birds, Dune,
The Long Meadow, Middlemarch, Moby Dick, Emma, Dracula, The Copper Road, Seven Winters, Notes from the Pier, Frankenstein, Walden, Ulysses, Persuasion""")
SONGS = _words(
    "Blue Window, Slow River, Paper Moon Drive, Neon Rain, Halfway to Lisbon, Copper Sky, Stay Till Morning, Glass Parade, Northbound, Hey Jude, Imagine, Dancing Queen, Yesterday, Wonderwall"
)
ARTISTS = _words(
    "The Velvet Pines, Mara Lune, Juno Vale, Cobalt Street, Old Harbor Choir, Nina Simone, Miles Davis, ABBA, Radiohead, Bjork, Fela Kuti, Johnny Cash, Beyonce, Queen, Mozart, Edith Piaf, Daft Punk"
)
AUTHORS = _words(
    "Jane Austen, Leo Tolstoy, Mary Shelley, Chinua Achebe, Jorge Luis Borges, Agatha Christie, Haruki Murakami, Ursula Le Guin, Herman Melville, Virginia Woolf, Franz Kafka, Toni Morrison, Gabriel Garcia Marquez"
)
TEAMS = _words(
    "Harbor City Hawks, Northvale Rovers, Red Valley Lions, Eastport United, Arsenal, Barcelona, Real Madrid, Juventus, Bayern Munich, Ajax, Celtic, Chicago Bulls, Boston Celtics, Denver Nuggets, Toronto Raptors, Golden State Warriors, New York Yankees, Green Bay Packers"
)
SPORTS = _words(
    "football, basketball, tennis, handball, volleyball, ice hockey, cricket, rugby, baseball, table tennis, badminton, water polo"
)
EXERCISES = _words(
    "running, cycling, swimming, rowing, yoga, walking, hiking, skipping rope, climbing, dancing, weight lifting, skiing"
)
GAMES = _words(
    "chess, checkers, backgammon, go, poker, scrabble, sudoku, mahjong, dominoes, Catan, Hearthfall, Starforge Tactics, Pixel Drifters, Minecraft, Tetris"
)
GENRES = _words("jazz, rock, folk, classical, hip hop, electronic, soul, blues, country, reggae, ambient, metal")
FILM_GENRES = _words(
    "comedy, drama, thriller, horror, science fiction, documentary, romance, western, animation, crime, fantasy"
)
PRODUCTS = _words("""wireless mouse, standing desk, trail shoes, rain jacket, desk lamp, coffee grinder, yoga mat, electric kettle, noise cancelling headphones,
mechanical keyboard, water bottle, backpack, camping tent, bike helmet, air fryer, robot vacuum, office chair, phone case, picture frame, blender, toaster, smart watch""")
ROOMS = _words(
    "living room, kitchen, bedroom, bathroom, hallway, office, garage, nursery, basement, dining room, attic, guest room"
)
DEVICES = _words(
    "thermostat, ceiling lamp, front door lock, sprinkler, dishwasher, oven, humidifier, garage door, security camera, speaker, fan, blinds, heater, coffee machine, tv"
)
COLORS = _words(
    "red, green, blue, yellow, orange, purple, white, black, grey, pink, teal, navy, beige, turquoise, maroon"
)
TITLES = _words("""dentist appointment, team lunch, budget review, piano lesson, parent meeting, project kickoff, yoga class, car inspection, book club,
design review, job interview, dinner with Sara, gym session, sprint planning, quarterly report, vet visit, haircut, board meeting, code review, weekly sync""")
TODOS = _words("""buy stamps, water the plants, call the plumber, renew the passport, pay the rent, pick up the dry cleaning, send the contract, book the flights,
clean the garage, return the library books, order printer ink, back up the laptop, feed the cat, update the slides, file the expense report, take out the recycling""")
MESSAGES = _words(
    """the meeting moved to Thursday; I'm running ten minutes late; please bring the keys; the parcel has arrived; dinner is at eight; the invoice is attached;
can you call me back; happy birthday; the server is down again; we got the contract; lunch is on me today; don't forget the tickets; the train is delayed; thanks for your help yesterday""".replace(
        "; ", ", "
    ).replace(";", ",")
)
SENTENCES = [
    "The quick train left before the rain started",
    "She sells oranges at the corner every Sunday",
    "Our new office opens in March",
    "The old bridge was closed for repairs",
    "Nobody expected the team to win by so much",
    "I really loved the food but the service was slow",
    "This phone is the worst purchase I have made",
    "Good morning, how are you",
    "Where is the nearest pharmacy",
    "The package arrived two days late",
    "Please confirm the delivery before noon",
    "Coffee grows best in the shade",
    "The museum is free on the first Monday",
    "What a wonderful concert that was",
    "The engine makes a strange noise when cold",
    "We will meet at the station at seven",
    "My brother builds wooden boats",
    "The soup was cold and far too salty",
]
WORDS = _words("""lantern, harvest, serendipity, cobalt, meander, orchard, velocity, whisper, quarry, ember, resilient, gossamer, thicket, paradox, umbrella, racecar, level,
rhythm, banana, notebook, galaxy, puzzle, syzygy, bookkeeper, kayak, planet, mosaic, copper, saffron, jubilant, listen, stressed, parabola, tangent""")
ELEMENTS = _words(
    "hydrogen, helium, carbon, nitrogen, oxygen, sodium, iron, copper, silver, gold, lead, uranium, calcium, zinc, neon, sulfur, potassium, tin, nickel, argon"
)
CHEMICALS = _words(
    "water, ethanol, methane, glucose, ammonia, carbon dioxide, sodium chloride, acetone, benzene, sulfuric acid, caffeine, aspirin, hydrogen peroxide"
)
FORMULAS = _words("H2O, CO2, CH4, C6H12O6, NaCl, NH3, H2SO4, C2H5OH, CaCO3, HCl, O3, KMnO4, Fe2O3")
PLANETS = _words("Mercury, Venus, Earth, Mars, Jupiter, Saturn, Uranus, Neptune")
SYMPTOMS = _words(
    "headache, fever, cough, sore throat, nausea, dizziness, back pain, rash, fatigue, runny nose, chest tightness, joint pain, insomnia"
)
MEDICINES = _words(
    "ibuprofen, paracetamol, amoxicillin, metformin, loratadine, omeprazole, lisinopril, aspirin, cetirizine, prednisone, naproxen, atorvastatin"
)
SPECIALTIES = _words(
    "dermatologist, cardiologist, dentist, pediatrician, optometrist, physiotherapist, neurologist, psychologist, orthopedist, allergist"
)
COURTS = _words(
    "Supreme Court, Court of Appeals, High Court, District Court, Labour Court, Family Court, Tax Court, Small Claims Court"
)
LAW_AREAS = _words(
    "contract law, family law, patent law, labour law, tax law, property law, immigration law, criminal law, copyright, environmental law"
)
EVENTS = _words("""the fall of the Berlin Wall, the French Revolution, the moon landing, the Battle of Hastings, the signing of the Magna Carta, the Boston Tea Party,
the sinking of the Titanic, the Treaty of Versailles, the discovery of penicillin, the eruption of Vesuvius, the Great Fire of London, the first Olympic Games""")
FIGURES = _words(
    "Marie Curie, Isaac Newton, Cleopatra, Napoleon Bonaparte, Ada Lovelace, Simon Bolivar, Genghis Khan, Joan of Arc, Nelson Mandela, Galileo Galilei, Catherine the Great, Rosa Parks, Charles Darwin, Nikola Tesla, Hypatia"
)
ARTWORKS = _words(
    "Starry Night, Mona Lisa, The Kiss, Guernica, The Scream, Girl with a Pearl Earring, Water Lilies, The Thinker, Las Meninas, The Night Watch"
)
MUSEUMS = _words(
    "Louvre, Prado, Uffizi Gallery, Rijksmuseum, British Museum, Hermitage, Vasa Museum, Museum of Modern Art, National Gallery, Tate Modern"
)
LANDMARKS = _words(
    "Eiffel Tower, Colosseum, Sagrada Familia, Big Ben, Central Park, Brandenburg Gate, Sydney Opera House, Golden Gate Bridge, Charles Bridge, Hagia Sophia, Acropolis, Tower of London"
)
AIRPORTS = _words(
    "JFK, LHR, CDG, FRA, AMS, MAD, LIS, OSL, ARN, CPH, HEL, VIE, ZRH, FCO, MXP, ATH, IST, DXB, DOH, BOM, DEL, BKK, SIN, HKG, NRT, ICN, SYD, MEL, AKL, YYZ, YVR, SFO, LAX, SEA, ORD, DEN, ATL, MIA, BOS, MEX, GRU, EZE"
)
STREETS = _words(
    "14 Elm Street, 220 Harbor Road, 5 Station Square, 77 Mill Lane, 1600 Lakeview Avenue, 9 Rue des Lilas, 31 Queen Street, 48 Chestnut Drive, 402 Pine Avenue, 12 Market Place, 18 Bakerfield Way, 63 Church Hill"
)
RESTAURANTS = _words(
    "Chez Lou, Blue Basil, The Iron Ladle, Casa Miro, Golden Wok, La Piazzetta, Tandoori Nights, Olive & Thyme, Harbor Grill, Sakura House, The Green Fork, Bistro Nord"
)
HOTELS = _words(
    "Hotel Aurora, Seaside Inn, Grand Meridian, The Larch House, Park Lane Suites, Riverside Lodge, Hotel Bellavista, Old Mill Guesthouse, Northern Star Hotel"
)
FILES = _words(
    "report.pdf, budget.xlsx, notes.txt, photo.png, slides.pptx, data.csv, contract.docx, backup.zip, main.py, config.yaml, index.html, survey.json, invoice_march.pdf, draft_v2.md, logo.svg"
)
FOLDERS = _words(
    "/home/ana/docs, /var/log, /srv/data, ~/Downloads, /tmp/export, projects/alpha, /mnt/backup, reports/2024, assets/images, /etc/nginx"
)
COLUMNS = _words(
    "price, age, city, date, quantity, revenue, score, category, country, department, salary, rating, weight, status"
)
DOMAINS = _words(
    "example.com, bluefinlabs.io, acornfoods.net, northwind.org, juniperhealth.com, pinecone-toys.co, maple.dev, kestrelair.com, lumen.energy"
)
SUBJECTS = _words(
    "algebra, photosynthesis, World War II, the water cycle, supply and demand, Newton's laws, Shakespeare's sonnets, the solar system, cell division, probability, the Renaissance, machine learning, renewable energy, inflation"
)
SKILLS = _words(
    "Python, project management, welding, copywriting, data analysis, nursing, carpentry, graphic design, accounting, negotiation, SQL, public speaking, plumbing, machine learning"
)
JOBS = _words(
    "data analyst, nurse, carpenter, software engineer, teacher, electrician, accountant, product manager, chef, graphic designer, mechanic, translator, architect"
)
MODELS = _words(
    "Toyota Corolla, Honda Civic, Ford Focus, Tesla Model 3, Volkswagen Golf, Mazda CX-5, Volvo V60, Fiat Panda, Hyundai Kona, Renault Clio"
)
MATERIALS = _words("steel, aluminium, copper, oak, glass, concrete, brass, rubber, titanium, pvc, granite")
WEEKDAYS = _words("Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday")
MONTHS = _words("January, February, March, April, May, June, July, August, September, October, November, December")
DAYS = _words(
    "today, tomorrow, tonight, this weekend, next Monday, next Friday, this afternoon, Saturday, Sunday, next week"
)
TIMEZONES = _words(
    "Europe/Paris, Europe/London, America/New_York, America/Chicago, Asia/Tokyo, Asia/Kolkata, Australia/Sydney, Africa/Nairobi, UTC, America/Sao_Paulo, Asia/Singapore"
)
TAGS = _words(
    "urgent, work, family, travel, finance, home, health, ideas, later, school, garden, taxes, gift, client, archive"
)
DIETS = _words("vegetarian, vegan, gluten-free, dairy-free, low-carb, keto, halal, kosher, pescatarian, nut-free")
AMENITIES = _words("wifi, parking, pool, gym, breakfast, air conditioning, pet friendly, spa, balcony, kitchen, sauna")
