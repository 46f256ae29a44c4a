# ruff: noqa: E501  (phrases and tables are read best on one line)
"""Worlds of trade: shop, warehouse, ledger, bookings, fleet, pharmacy."""

from coterie.model.training.data.environments import words as w
from coterie.model.training.data.environments.records import Action, C, F, enum

CUSTOMERS = C(
    "customers", "customer", "customers", w.code("cust", "C", "cu"),
    (
        F("name", "person", w.person, ("the name",), ("Who is {it}?",), fixed=True),
        F("email", "email", w.email, ("the email address", "the address for mail"), ("How do I reach {it} by mail?",)),
        F("city", "place", lambda r: w.pick(r, w.CITIES), ("the city", "the home town"), ("Where does {it} live?",)),
        enum("tier", "basic", "silver", "gold", asks=("Which tier is {it} in?",), says=("the tier", "the loyalty level")),
        F("points", "count", lambda r: w.between(r, 0, 900) * 5, ("the points", "the points balance"), ("How many points does {it} have?",)),
    ),
    "name", ("client", "buyer"), ("patron", "shopper"), "shop", ("A customer is on the phone.", "I'm at the counter."), audience=("the sales desk", "support"),
)  # fmt: skip
ORDERS = C(
    "orders", "order", "orders", w.code("ord", "A", "SO", "ORD"),
    (
        F("item", "text", lambda r: w.pick(r, w.ITEMS), ("the item", "the product"), ("What was bought with {it}?",), fixed=True),
        enum("status", "pending", "shipped", "delivered", "cancelled", "returned", asks=("Has {it} been shipped yet?", "Where does {it} stand?", "What's the state of {it}?")),
        F("total", "money", w.money, ("the total", "the amount", "the order total"), ("How much did {it} cost?", "What did {it} come to?")),
        F("quantity", "count", lambda r: w.between(r, 1, 12), ("the quantity", "the number of pieces"), ("How many pieces are in {it}?",)),
        F("delivery_date", "date", w.day, ("the delivery date", "the expected delivery day"), ("When will {it} arrive?", "When is {it} due?"), names=("eta", "deliver_on")),
        F("placed_on", "date", w.day, ("the order date", "the purchase date"), ("When was {it} placed?",), fixed=True),
    ),
    "", ("purchase",), ("sale", "basket"), "shop", ("A customer wrote in about a parcel.", "We got a complaint this morning.", "The shop is quiet today."),
    (
        Action("cancel", ("cancel", "void", "call_off"), ("Cancel an order.", "Cancels an order that has not left yet."), ("Cancel {it}", "Call {it} off"), "status", "cancelled", ("pending",), "order {id} is {was} and cannot be cancelled", "cancelled", True),
        Action("refund", ("refund", "reimburse", "issue_refund_for"), ("Refund an order.", "Give the money for a delivered or returned order back."), ("Refund {it}", "Issue a refund for {it}", "Give the money for {it} back"), "status", "returned", ("delivered",), "order {id} is {was}: only delivered orders can be refunded", "refunded", True),
        Action("ship", ("ship", "dispatch", "mark_shipped"), ("Mark an order as shipped.", "Hands an order to the carrier."), ("Ship {it}", "Mark {it} as shipped"), "status", "shipped", ("pending",), "order {id} is already {was}", "shipped"),
    ),
    ("the sales desk", "the warehouse", "accounting"), ("#orders", "#shop", "sales", "#fulfilment"), (("customer_id", "customers"),),
)  # fmt: skip
COUPONS = C(
    "coupons", "coupon", "coupons", w.code("save", "cpn"),
    (
        F("percent_off", "count", lambda r: w.between(r, 1, 12) * 5, ("the discount in percent",), ("How much does {it} take off?",)),
        F("expires_on", "date", w.day, ("the expiry date",), ("Until when is {it} valid?",)),
        enum("status", "active", "paused", "expired"),
        F("uses", "count", lambda r: w.between(r, 0, 240), ("the number of uses",), ("How often was {it} used?",)),
    ),
    "", (), ("voucher", "promo"), "shop", ("Marketing wants to know.",), held=True,
)  # fmt: skip
STOCK = C(
    "stock", "item", "items", w.code("sku", "WH", "P"),
    (
        F("name", "text", lambda r: w.pick(r, w.ITEMS), ("the name",), ("What is {it}?",), fixed=True),
        F("quantity", "count", lambda r: w.between(r, 0, 420), ("the stock level", "the quantity on hand", "the quantity"), ("How many of {it} do we have?", "What's the stock of {it}?"), names=("qty", "stock", "on_hand")),
        F("reorder_level", "count", lambda r: w.between(r, 5, 60), ("the reorder level",), ("At what level do we reorder {it}?",), names=("min_stock",)),
        F("unit_price", "money", w.money, ("the unit price", "the price"), ("What does {it} cost a piece?",), names=("price",)),
        F("shelf", "text", lambda r: f"{w.pick(r, 'ABCDEFGH')}{w.between(r, 1, 30)}", ("the shelf", "the storage place"), ("Where in the warehouse is {it}?",), names=("bin", "slot")),
        enum("state", "available", "reserved", "damaged", "discontinued"),
    ),
    "name", ("product", "article"), ("merchandise", "good"), "warehouse", ("I'm standing in the warehouse.", "The stock count is tomorrow.", "A pallet just came in."),
    (
        Action("reserve", ("reserve", "hold", "set_aside"), ("Reserve an item.", "Puts an available item aside."), ("Reserve {it}", "Set {it} aside"), "state", "reserved", ("available",), "{id} is {was} and cannot be reserved", "reserved"),
        Action("release", ("release", "free", "unreserve"), ("Release a reserved item.", "Makes a reserved item available again."), ("Release {it}", "Make {it} available again"), "state", "available", ("reserved",), "{id} is {was}, not reserved", "released"),
    ),
    ("the stock keeper", "purchasing"), ("#warehouse", "#stock", "logistics"),
)  # fmt: skip
SUPPLIERS = C(
    "suppliers", "supplier", "suppliers", w.code("sup", "V", "vend"),
    (
        F("company", "text", lambda r: w.pick(r, w.COMPANIES), ("the company name",), fixed=True),
        F("email", "email", w.email, ("the email address",), ("Where do I write to {it}?",)),
        F("lead_time_days", "count", lambda r: w.between(r, 1, 40), ("the lead time in days",), ("How many days does {it} need to deliver?",)),
        F("city", "place", lambda r: w.pick(r, w.CITIES), ("the city",), ("Where is {it} based?",)),
        enum("rating", "good", "fair", "poor", says=("the rating",)),
    ),
    "company", ("vendor",), ("provider",), "warehouse", ("Purchasing needs this.",), held=True,
)  # fmt: skip
ACCOUNTS = C(
    "accounts", "account", "accounts", w.code("acc", "DE", "NL"),
    (
        F("owner", "person", w.person, ("the owner", "the account holder"), ("Whose is {it}?",), fixed=True),
        F("balance", "money", w.money, ("the balance",), ("How much money is on {it}?", "What's left on {it}?")),
        F("daily_limit", "money", lambda r: float(w.between(r, 2, 60) * 50), ("the daily limit",), ("How much may be spent from {it} in a day?",), names=("limit",)),
        enum("state", "open", "frozen", "closed", says=("the state",)),
        F("opened_on", "date", w.day, ("the opening date",), ("Since when does {it} exist?",), fixed=True),
    ),
    "owner", ("bank_account",), ("deposit", "purse"), "bank", ("The branch is about to close.", "I'm doing the month end."),
    (
        Action("freeze", ("freeze", "block", "lock"), ("Freeze an account.", "Blocks all payments from an account."), ("Freeze {it}", "Block {it}"), "state", "frozen", ("open",), "account {id} is {was}", "frozen", True),
        Action("unfreeze", ("unfreeze", "unblock", "unlock"), ("Unfreeze an account.", "Allows payments from an account again."), ("Unfreeze {it}", "Unblock {it}"), "state", "open", ("frozen",), "account {id} is {was}, not frozen", "unfrozen"),
        Action("close", ("close", "terminate"), ("Close an account.", "Closes an open account for good."), ("Close {it}",), "state", "closed", ("open",), "account {id} is {was} and cannot be closed", "closed", True),
    ),
    ("the branch", "compliance"), ("#bank-ops", "#accounts"),
)  # fmt: skip
INVOICES = C(
    "invoices", "invoice", "invoices", w.code("inv", "INV", "RE"),
    (
        F("client", "text", lambda r: w.pick(r, w.COMPANIES), ("the client", "the debtor"), ("Who has to pay {it}?", "Who is {it} for?"), fixed=True),
        F("amount", "money", w.money, ("the amount", "the sum due"), ("How much is {it}?", "What does {it} come to?"), names=("sum", "gross")),
        F("due_date", "date", w.day, ("the due date",), ("When is {it} due?", "By when must {it} be paid?"), names=("due", "payable_by")),
        enum("status", "draft", "sent", "paid", "overdue", asks=("Is {it} paid?", "What's the status of {it}?")),
        enum("currency", "EUR", "USD", "GBP", "SEK"),
    ),
    "", ("bill",), ("statement", "debit_note"), "billing", ("The auditors are here.", "I'm closing the books for the month.", "Accounting keeps asking."),
    (
        Action("pay", ("pay", "mark_paid", "settle"), ("Mark an invoice as paid.", "Settles an invoice that was sent."), ("Mark {it} as paid", "Settle {it}"), "status", "paid", ("sent", "overdue"), "invoice {id} is {was} and cannot be paid", "paid"),
        Action("send", ("send", "issue", "submit"), ("Send an invoice.", "Sends a draft invoice to the client."), ("Send {it} out", "Issue {it}"), "status", "sent", ("draft",), "invoice {id} is already {was}", "sent"),
    ),
    ("accounting", "the auditor"), ("#finance", "#billing", "books"),
)  # fmt: skip
ROOMS = C(
    "bookings", "booking", "bookings", w.code("bk", "RES", "H"),
    (
        F("guest", "person", w.person, ("the guest", "the guest's name"), ("Who is {it} for?",), fixed=True),
        F("check_in", "date", w.day, ("the arrival date", "the check-in date"), ("When does the guest of {it} arrive?",), names=("arrival", "from_date")),
        F("nights", "count", lambda r: w.between(r, 1, 14), ("the number of nights",), ("For how many nights is {it}?",)),
        F("price", "money", w.money, ("the price",), ("What does the stay in {it} cost?",), names=("rate", "cost")),
        enum("room", "single", "double", "twin", "suite", says=("the room type",), asks=("What kind of room is {it}?",)),
        enum("status", "confirmed", "waitlisted", "checked_in", "cancelled"),
    ),
    "guest", ("reservation",), ("lodging", "stay"), "hotel", ("I'm at the front desk.", "A guest is waiting in the lobby.", "The hotel is almost full."),
    (
        Action("cancel", ("cancel", "annul"), ("Cancel a booking.", "Cancels a booking before arrival."), ("Cancel {it}",), "status", "cancelled", ("confirmed", "waitlisted"), "booking {id} is {was} and cannot be cancelled", "cancelled", True),
        Action("check_in", ("check_in", "register_arrival_of"), ("Check a guest in.", "Marks a confirmed booking as arrived."), ("Check {it} in", "Register the arrival for {it}"), "status", "checked_in", ("confirmed",), "booking {id} is {was}: no check-in", "checked in"),
    ),
    ("reception", "housekeeping"), ("#front-desk", "#housekeeping"),
)  # fmt: skip
FLIGHTS = C(
    "flights", "flight", "flights", w.code("LH", "KL", "FL"),
    (
        F("origin", "place", lambda r: w.pick(r, w.CITIES), ("the origin", "the departure city"), ("Where does {it} leave from?",), fixed=True),
        F("destination", "place", lambda r: w.pick(r, w.CITIES), ("the destination",), ("Where does {it} go?",), fixed=True),
        F("departure", "date", w.day, ("the departure date",), ("On which day does {it} leave?",)),
        F("fare", "money", w.money, ("the fare", "the ticket price"), ("What does a seat on {it} cost?",)),
        F("seats_left", "count", lambda r: w.between(r, 0, 90), ("the number of free seats",), ("How many seats are left on {it}?",)),
        enum("status", "scheduled", "boarding", "delayed", "landed"),
        F("gate", "text", lambda r: f"{w.pick(r, 'ABCD')}{w.between(r, 1, 40)}", ("the gate",), ("Which gate does {it} use?",)),
    ),
    "", (), ("air_service",), "travel", ("My taxi to the airport is waiting.", "I'm planning a trip."), audience=("the travel desk", "my assistant"), channels=("#travel", "trips"),
)  # fmt: skip
DELIVERIES = C(
    "deliveries", "delivery", "deliveries", w.code("dlv", "PK", "T"),
    (
        F("driver", "person", w.person, ("the driver",), ("Who drives {it}?",)),
        F("address", "place", lambda r: f"{w.between(r, 1, 190)} {w.pick(r, w.LAST)} Street, {w.pick(r, w.CITIES)}", ("the address", "the drop-off address"), ("Where does {it} go?",)),
        F("weight_kg", "money", lambda r: round(r.random() * 40 + 0.4, 1), ("the weight in kg",), ("How heavy is {it}?",)),
        F("window", "text", lambda r: f"{w.between(r, 7, 12):02d}:00-{w.between(r, 13, 20)}:00", ("the time window",), ("At what time does {it} come?",)),
        enum("status", "queued", "on_the_way", "delivered", "failed", asks=("Where is {it} now?",)),
        F("stops", "count", lambda r: w.between(r, 1, 25), ("the number of stops before it",), ("How many stops come before {it}?",)),
    ),
    "", ("parcel", "shipment"), ("consignment",), "fleet", ("The driver just called.", "Traffic is bad today."),
    (
        Action("start", ("start", "dispatch", "send_out"), ("Send a delivery out.", "Starts a queued delivery."), ("Send {it} out", "Start {it}"), "status", "on_the_way", ("queued",), "delivery {id} is {was}", "on the way"),
        Action("complete", ("complete", "confirm", "mark_delivered"), ("Confirm a delivery.", "Marks a delivery on the way as delivered."), ("Confirm {it} as delivered", "Mark {it} as delivered"), "status", "delivered", ("on_the_way",), "delivery {id} is {was} and cannot be confirmed", "delivered"),
    ),
    ("dispatch", "the depot"), ("#dispatch", "#drivers"),
)  # fmt: skip
VEHICLES = C(
    "vehicles", "vehicle", "vehicles", w.code("van", "TRK", "V"),
    (
        F("plate", "text", lambda r: f"{w.pick(r, 'KLMRST')}{w.pick(r, 'ABCX')} {w.between(r, 100, 999)}", ("the number plate", "the plate"), ("What plate does {it} have?",), fixed=True),
        F("mileage_km", "count", lambda r: w.between(r, 900, 240000), ("the mileage",), ("How far has {it} gone so far?",)),
        F("next_service", "date", w.day, ("the next service date",), ("When must {it} be serviced?",)),
        F("fuel_percent", "count", lambda r: w.between(r, 3, 100), ("the fuel level in percent",), ("How full is the tank of {it}?",)),
        enum("state", "free", "in_use", "workshop", says=("the state",)),
    ),
    "plate", ("truck",), ("conveyance",), "fleet", ("The workshop has a free slot.",),
)  # fmt: skip

TRADE: dict[str, tuple[C, ...]] = {
    "shop": (ORDERS, CUSTOMERS, COUPONS),
    "warehouse": (STOCK, SUPPLIERS),
    "bank": (ACCOUNTS, INVOICES),
    "travel": (ROOMS, FLIGHTS),
    "fleet": (DELIVERIES, VEHICLES),
}
