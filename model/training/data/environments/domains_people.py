# ruff: noqa: E501  (phrases and tables are read best on one line)
"""Worlds of people: calendar, mailbox, contacts, staff, school, fitness, forum, clinic, help desk."""

from coterie.model.training.data.environments import words as w
from coterie.model.training.data.environments.records import Action, C, F, enum

EVENTS = C(
    "events", "event", "events", w.code("evt", "cal", "E"),
    (
        F("title", "text", lambda r: w.pick(r, w.TOPICS), ("the title",), ("What is {it} about?",), fixed=True),
        F("date", "date", w.day, ("the date", "the day"), ("On which day is {it}?", "When is {it}?"), names=("day", "on")),
        F("time", "text", w.clock, ("the start time", "the time"), ("At what time does {it} start?",), names=("start_time", "starts_at")),
        F("duration_min", "count", lambda r: w.between(r, 1, 12) * 15, ("the duration in minutes", "the length in minutes"), ("How long does {it} take?",), names=("minutes",)),
        F("room", "text", lambda r: f"room {w.between(r, 1, 40)}", ("the room", "the place"), ("Where is {it}?",), names=("location", "place")),
        enum("status", "tentative", "confirmed", "cancelled"),
        F("organiser", "person", w.person, ("the organiser",), ("Who organises {it}?",)),
    ),
    "title", ("meeting", "appointment"), ("engagement", "gathering"), "calendar", ("I have a packed week.", "The assistant is off today.", "We are short of rooms."),
    (
        Action("confirm", ("confirm", "accept"), ("Confirm an event.", "Turns a tentative event into a firm one."), ("Confirm {it}",), "status", "confirmed", ("tentative",), "event {id} is {was}: nothing to confirm", "confirmed"),
        Action("cancel", ("cancel", "call_off"), ("Cancel an event.", "Cancels an event that has not been cancelled."), ("Cancel {it}", "Call {it} off"), "status", "cancelled", ("tentative", "confirmed"), "event {id} is already {was}", "cancelled", True),
    ),
    ("the participants", "my assistant"), ("#calendar", "#everyone"),
)  # fmt: skip
POLLS = C(
    "polls", "poll", "polls", w.code("poll", "vote"),
    (
        F("question", "text", lambda r: f"When do we hold the {w.pick(r, w.TOPICS)}?", ("the question",), ("What does {it} ask?",), fixed=True),
        F("votes", "count", lambda r: w.between(r, 0, 60), ("the number of votes",), ("How many people voted in {it}?",)),
        F("closes_on", "date", w.day, ("the closing date",), ("When does {it} close?",)),
        enum("state", "open", "closed", says=("the state",)),
    ),
    "", ("survey",), ("ballot", "straw_poll"), "calendar", ("Everyone should have voted by now.",),
    (Action("close", ("close", "end"), ("Close a poll.", "Ends an open poll."), ("Close {it}",), "state", "closed", ("open",), "poll {id} is {was}", "closed"),), held=True,
)  # fmt: skip
MESSAGES = C(
    "messages", "message", "messages", w.code("msg", "M", "mail"),
    (
        F("sender", "person", w.person, ("the sender",), ("Who wrote {it}?", "Who is {it} from?"), fixed=True),
        F("subject", "text", lambda r: w.pick(r, w.TOPICS), ("the subject",), ("What is {it} about?",), fixed=True),
        F("body", "text", lambda r: w.pick(r, w.PLANTED if r.random() < 0.15 else w.SENTENCES), ("the text",), ("What does {it} say?",), fixed=True),
        F("received", "date", w.day, ("the day it came in",), ("When did {it} arrive?",), fixed=True),
        enum("folder", "inbox", "archive", "spam", "drafts", says=("the folder",)),
        F("reply_to", "email", w.email, ("the reply address",), ("Where should an answer to {it} go?",)),
        F("label", "text", lambda r: w.pick(r, ("urgent", "later", "private", "billing", "travel", "team")), ("the label",), names=("tag",)),
    ),
    "subject", ("email",), ("letter", "memorandum"), "mailbox", ("My inbox is overflowing.", "I'm cleaning up my mail."),
    (
        Action("archive", ("archive", "file_away"), ("Archive a message.", "Moves a message from the inbox to the archive."), ("Archive {it}", "File {it} away"), "folder", "archive", ("inbox",), "{id} is in {was}, only inbox messages can be archived", "archived"),
        Action("junk", ("mark_spam", "junk", "report_spam"), ("Mark a message as spam.", "Moves an inbox message to spam."), ("Mark {it} as spam",), "folder", "spam", ("inbox",), "{id} is in {was}", "in the spam folder"),
    ),
)  # fmt: skip
CONTACTS = C(
    "contacts", "contact", "contacts", w.code("ct", "P", "con"),
    (
        F("name", "person", w.person, ("the name",), fixed=True),
        F("email", "email", w.email, ("the email address",), ("What is the mail address of {it}?",)),
        F("phone", "text", lambda r: f"+{w.between(r, 30, 49)} {w.between(r, 100, 999)} {w.between(r, 10000, 99999)}", ("the phone number",), ("What number can I call for {it}?",), names=("telephone", "mobile")),
        F("company", "text", lambda r: w.pick(r, w.COMPANIES), ("the company",), ("Who does {it} work for?",), names=("employer", "organisation")),
        F("city", "place", lambda r: w.pick(r, w.CITIES), ("the city",), ("Where is {it} based?",)),
        enum("kind", "lead", "customer", "partner", "press", says=("the kind of contact",)),
    ),
    "name", ("person",), ("acquaintance", "associate"), "crm", ("I'm writing invitations.", "I'm about to make some calls."),
)  # fmt: skip
DEALS = C(
    "deals", "deal", "deals", w.code("deal", "D", "opp"),
    (
        F("company", "text", lambda r: w.pick(r, w.COMPANIES), ("the company",), ("Who is {it} with?",), fixed=True),
        F("value", "money", w.money, ("the value", "the deal size"), ("How much is {it} worth?",), names=("amount", "worth")),
        F("close_date", "date", w.day, ("the expected close date",), ("When should {it} close?",)),
        F("owner", "person", w.person, ("the owner",), ("Who looks after {it}?",), names=("rep",)),
        enum("stage", "new", "offer", "won", "lost", says=("the stage",), asks=("Which stage is {it} in?",)),
        F("probability", "count", lambda r: w.between(r, 1, 19) * 5, ("the probability in percent",), ("How likely is {it}?",)),
    ),
    "company", ("opportunity",), ("prospect", "pursuit"), "crm", ("The sales meeting starts soon.", "The forecast is due."),
    (
        Action("win", ("win", "mark_won"), ("Mark a deal as won.", "Closes an offered deal as won."), ("Mark {it} as won",), "stage", "won", ("offer",), "deal {id} is {was}, only offers can be won", "won"),
        Action("lose", ("lose", "mark_lost"), ("Mark a deal as lost.", "Closes a deal as lost."), ("Mark {it} as lost",), "stage", "lost", ("new", "offer"), "deal {id} is already {was}", "lost", True),
    ),
    ("sales", "the account manager"), ("#sales", "#deals"),
)  # fmt: skip
EMPLOYEES = C(
    "employees", "employee", "employees", w.code("emp", "E", "st"),
    (
        F("name", "person", w.person, ("the name",), fixed=True),
        F("email", "email", w.email, ("the work address",), ("How do I mail {it}?",)),
        F("department", "text", lambda r: w.pick(r, w.DEPARTMENTS), ("the department",), ("Which department does {it} work in?",), names=("team", "unit")),
        F("leave_days", "count", lambda r: w.between(r, 0, 32), ("the leave balance", "the leave days left"), ("How many days off does {it} have left?",)),
        F("salary", "money", lambda r: float(w.between(r, 240, 900) * 100), ("the salary",), ("What does {it} earn?",)),
        F("hired_on", "date", w.day, ("the hire date",), ("Since when has {it} been here?",), fixed=True),
        enum("contract", "permanent", "fixed_term", "intern", says=("the contract type",)),
    ),
    "name", ("staff_member",), ("worker", "colleague"), "hr", ("HR is preparing the letters.", "The new hire has arrived."),
)  # fmt: skip
LEAVES = C(
    "leave_requests", "leave request", "leave requests", w.code("lv", "LR", "abs"),
    (
        F("first_day", "date", w.day, ("the first day", "the start"), ("When does {it} begin?",), names=("starts_on",)),
        F("days", "count", lambda r: w.between(r, 1, 20), ("the number of days",), ("How many days does {it} cover?",)),
        enum("status", "open", "approved", "rejected", asks=("Has {it} been decided?",)),
        F("comment", "text", lambda r: w.pick(r, w.REASONS), ("the comment",), names=("remark",)),
    ),
    "", ("absence", "vacation_request"), ("furlough", "respite"), "hr", ("People want to book their flights.", "The summer rota is being made."),
    (
        Action("approve", ("approve", "grant", "accept"), ("Approve a leave request.", "Grants an open request."), ("Approve {it}", "Grant {it}"), "status", "approved", ("open",), "request {id} is already {was}", "approved"),
        Action("reject", ("reject", "decline", "deny"), ("Reject a leave request.", "Declines an open request."), ("Reject {it}", "Decline {it}"), "status", "rejected", ("open",), "request {id} is already {was}", "rejected", True),
    ),
    ("HR", "the team lead"), ("#hr", "#absences"), (("employee_id", "employees"),),
)  # fmt: skip
STUDENTS = C(
    "students", "student", "students", w.code("stu", "S", "mat"),
    (
        F("name", "person", w.person, ("the name",), fixed=True),
        F("class_name", "text", lambda r: f"{w.between(r, 5, 12)}{w.pick(r, 'abcd')}", ("the class",), ("Which class is {it} in?",), names=("class_id", "group")),
        F("average", "money", lambda r: round(1 + r.random() * 9, 1), ("the grade average",), ("How good are the grades of {it}?",), names=("gpa", "mean_grade")),
        F("absences", "count", lambda r: w.between(r, 0, 24), ("the number of absences",), ("How often was {it} absent?",)),
        F("guardian_email", "email", w.email, ("the guardian's address",), ("Where do I write to the parents of {it}?",)),
        enum("status", "enrolled", "on_leave", "graduated"),
    ),
    "name", ("pupil",), ("learner",), "school", ("The reports go out on Friday.", "Parents' evening is tonight."),
    (Action("enrol", ("enrol", "readmit"), ("Enrol a student again.", "Takes a student on leave back."), ("Enrol {it} again",), "status", "enrolled", ("on_leave",), "student {id} is {was}", "enrolled"),),
    ("the class teacher", "the parents"), ("#teachers", "#year-9"),
)  # fmt: skip
COURSES = C(
    "courses", "course", "courses", w.code("crs", "MATH", "K"),
    (
        F("title", "text", lambda r: f"{w.pick(r, ('Algebra', 'Biology', 'Chemistry', 'Drama', 'French', 'Geography', 'History', 'Latin', 'Music', 'Physics'))} {w.between(r, 1, 4)}", ("the title",), fixed=True),
        F("teacher", "person", w.person, ("the teacher",), ("Who teaches {it}?",)),
        F("seats", "count", lambda r: w.between(r, 0, 30), ("the number of free seats",), ("How many seats are left in {it}?",)),
        F("starts_on", "date", w.day, ("the start date",), ("When does {it} start?",)),
        F("fee", "money", w.money, ("the fee",), ("What does {it} cost?",)),
        enum("level", "beginner", "intermediate", "advanced", says=("the level",)),
    ),
    "title", ("lesson",), ("module",), "school", ("Enrolment opens tomorrow.",),
)  # fmt: skip
WORKOUTS = C(
    "workouts", "workout", "workouts", w.code("wo", "run", "T"),
    (
        enum("sport", "running", "cycling", "swimming", "rowing", says=("the sport",)),
        F("date", "date", w.day, ("the date",), ("When was {it}?",), names=("day",)),
        F("distance_km", "money", lambda r: round(r.random() * 60 + 1, 1), ("the distance in km",), ("How far did I go in {it}?",), names=("distance",)),
        F("minutes", "count", lambda r: w.between(r, 10, 240), ("the time in minutes",), ("How long did {it} take?",), names=("duration",)),
        F("calories", "count", lambda r: w.between(r, 90, 1800), ("the calories burnt",), ("How many calories did {it} burn?",)),
        F("mood", "text", lambda r: w.pick(r, ("tired", "great", "fine", "sore", "strong")), ("how it felt",), names=("feeling",)),
    ),
    "", ("training", "session"), ("exercise_bout",), "fitness", ("I'm training for a half marathon.", "My coach asks for numbers."), audience=("my coach", "my trainer"), channels=("#running-club", "training"),
)  # fmt: skip
GOALS = C(
    "goals", "goal", "goals", w.code("goal", "G"),
    (
        F("name", "text", lambda r: f"{w.pick(r, ('weekly', 'monthly', 'summer', 'winter'))} {w.pick(r, ('steps', 'distance', 'weight', 'sleep', 'protein', 'swimming'))}", ("the name",), fixed=True),
        F("target", "count", lambda r: w.between(r, 2, 400) * 5, ("the target",), ("What am I aiming for with {it}?",)),
        F("reached", "count", lambda r: w.between(r, 0, 400), ("the value reached so far",), ("How far am I with {it}?",)),
        F("deadline", "date", w.day, ("the deadline",), ("By when should {it} be reached?",)),
        enum("state", "running", "paused", "reached", says=("the state",)),
    ),
    "name", ("objective",), ("aim",), "fitness", ("New month, new plans.",),
    (Action("pause", ("pause", "suspend"), ("Pause a goal.", "Pauses a running goal."), ("Pause {it}",), "state", "paused", ("running",), "goal {id} is {was}", "paused"),
     Action("resume", ("resume", "continue"), ("Resume a goal.", "Goes on with a paused goal."), ("Resume {it}",), "state", "running", ("paused",), "goal {id} is {was}, not paused", "running again")),
)  # fmt: skip
THREADS = C(
    "threads", "thread", "threads", w.code("th", "post", "F"),
    (
        F("title", "text", lambda r: f"{w.pick(r, ('Help with', 'Thoughts on', 'News about', 'Question on', 'Tips for'))} the {w.pick(r, w.TOPICS)}", ("the title",), fixed=True),
        F("author", "person", w.person, ("the author",), ("Who started {it}?",), fixed=True),
        F("replies", "count", lambda r: w.between(r, 0, 300), ("the number of replies",), ("How many answers has {it} got?",), fixed=True),
        F("likes", "count", lambda r: w.between(r, 0, 900), ("the number of likes",), ("How many people like {it}?",), fixed=True),
        enum("state", "open", "locked", "hidden", says=("the state",)),
        F("posted", "date", w.day, ("the posting date",), ("When was {it} posted?",), fixed=True),
        F("tag", "text", lambda r: w.pick(r, ("news", "help", "offtopic", "events", "bugs", "ideas")), ("the tag",), names=("category",)),
        F("moderator", "person", w.person, ("the moderator",), ("Who moderates {it}?",)),
    ),
    "title", ("topic", "post"), ("conversation", "debate"), "forum", ("The moderators are busy.", "Spam again in the forum."),
    (
        Action("lock", ("lock", "close"), ("Lock a thread.", "Stops new replies to an open thread."), ("Lock {it}",), "state", "locked", ("open",), "thread {id} is {was}", "locked", True),
        Action("hide", ("hide", "unlist"), ("Hide a thread.", "Hides a thread from everyone."), ("Hide {it}",), "state", "hidden", ("open", "locked"), "thread {id} is already {was}", "hidden", True),
    ),
    ("the moderators",), ("#mods", "#community"),
)  # fmt: skip
TICKETS = C(
    "tickets", "ticket", "tickets", w.code("tick", "T", "SUP", "HD"),
    (
        F("subject", "text", lambda r: f"{w.pick(r, ('Broken', 'Missing', 'Slow', 'Wrong', 'Lost'))} {w.pick(r, w.ITEMS)}", ("the subject",), ("What is {it} about?",), fixed=True),
        enum("priority", "low", "normal", "high", says=("the priority",), asks=("How urgent is {it}?",)),
        F("assignee", "person", w.person, ("the assignee",), ("Who works on {it}?", "Whose is {it}?"), names=("assigned_to", "agent")),
        F("opened", "date", w.day, ("the opening date",), ("Since when is {it} open?",), fixed=True),
        F("hours_spent", "money", lambda r: round(r.random() * 20, 1), ("the hours spent",), ("How many hours went into {it}?",)),
        enum("status", "open", "waiting", "solved", "closed", asks=("Where does {it} stand?",)),
    ),
    "", ("case", "support_ticket"), ("grievance", "complaint_file"), "helpdesk", ("The queue is long today.", "A user keeps calling."),
    (
        Action("solve", ("solve", "resolve"), ("Mark a ticket as solved.", "Resolves a ticket."), ("Resolve {it}", "Mark {it} as solved"), "status", "solved", ("open", "waiting"), "ticket {id} is {was}", "solved"),
        Action("reopen", ("reopen", "open_again"), ("Reopen a ticket.", "Opens a solved or closed ticket again."), ("Reopen {it}",), "status", "open", ("solved", "closed"), "ticket {id} is {was}, there is nothing to reopen", "open again", True),
    ),
    ("second level support", "the user"), ("#support", "#helpdesk"),
)  # fmt: skip
PATIENTS = C(
    "appointments", "appointment", "appointments", w.code("ap", "V", "visit"),
    (
        F("patient", "person", w.person, ("the patient",), ("Who comes for {it}?",), fixed=True),
        F("doctor", "person", w.person, ("the doctor",), ("Who sees the patient of {it}?",), names=("physician",)),
        F("date", "date", w.day, ("the date",), ("When is {it}?",), names=("day",)),
        F("fee", "money", w.money, ("the fee",), ("What does {it} cost?",)),
        enum("status", "requested", "booked", "done", "missed"),
    ),
    "patient", ("visit",), ("consultation",), "clinic", ("The waiting room is full.", "The nurse is asking."),
    (Action("book", ("book", "confirm"), ("Book a requested appointment.", "Confirms a requested slot."), ("Book {it}", "Confirm {it}"), "status", "booked", ("requested",), "appointment {id} is {was}", "booked"),
     Action("miss", ("mark_missed", "no_show"), ("Mark an appointment as missed.", "Notes that the patient did not come."), ("Mark {it} as missed",), "status", "missed", ("booked",), "appointment {id} is {was}", "marked as missed")),
)  # fmt: skip

PEOPLE: dict[str, tuple[C, ...]] = {
    "calendar": (EVENTS, POLLS),
    "mailbox": (MESSAGES,),
    "crm": (CONTACTS, DEALS),
    "hr": (EMPLOYEES, LEAVES),
    "school": (STUDENTS, COURSES),
    "fitness": (WORKOUTS, GOALS),
    "forum": (THREADS,),
    "helpdesk": (TICKETS,),
    "clinic": (PATIENTS,),
}
