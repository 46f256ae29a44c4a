"""Tasks of the mailbox."""

from random import Random

from coterie.evals.templates.family import Family, Parts, call, failing, instead, miss, solution, tried
from coterie.evals.templates.faults import hiccup
from coterie.evals.templates.words import PLACES
from coterie.evals.templates.worlds.mail import address_of, draw_box


def _place(body: str) -> str:
    return body.partition(" at ")[2].partition(".")[0]


def where(random: Random) -> Parts:
    setup, _, topics = draw_box(random)
    number = random.randrange(4)
    topic, key = topics[number], f"M{number + 1}"
    place, other = _place(setup["mails"][key]["body"]), _place(setup["mails"][f"M{(number + 1) % 4 + 1}"]["body"])
    return {
        "task": f"Where does the {topic} take place? There is a mail about it.",
        "setup": setup,
        "expect": {"answer": [place.removeprefix("the ")]},
        "reference": solution(call("search_mail", text=topic), call("read_mail", mail_id=key), answer=f"At {place}."),
        "near_misses": [miss("another mail", call("list_mail"), answer=f"At {other}.")],
    }


def answer_mail(random: Random) -> Parts:
    setup, people, topics = draw_box(random)
    number = random.randrange(4)
    key, words = f"M{number + 1}", random.choice(("I will be there", "I cannot come", "please send the programme"))
    sent = {"to": address_of(people[number]), "subject": {"$any": True}, "body": {"$contains": [words]}}
    return {
        "task": f'Find the mail about the {topics[number]} and answer it with "{words}".',
        "setup": setup,
        "expect": {"changes": {"/sent": {"$append": [sent]}}},
        "reference": solution(
            call("search_mail", text=topics[number]), call("reply_mail", mail_id=key, body=words), answer="Answered."
        ),
        "near_misses": [miss("another mail", call("reply_mail", mail_id=f"M{(number + 1) % 4 + 1}", body=words))],
    }


def unknown_person(random: Random) -> Parts:
    setup, people, topics = draw_box(random)
    first, last = people[2].split()
    words = f"the {topics[0]} is cancelled"
    sent = {"to": address_of(people[2]), "subject": {"$any": True}, "body": {"$contains": [words]}}
    return {
        "task": f'Send {first} a mail with the subject News and the text "{words}".',
        "setup": setup,
        "expect": {"changes": {"/sent": {"$append": [sent]}}},
        "reference": solution(
            failing("find_contact", name=first),
            call("find_contact", name=f"{first} {last}"),
            call("send_mail", to=address_of(people[2]), subject="News", body=words),
            answer=f"{first} has been told.",
        ),
        "near_misses": [
            miss(
                "made up an address", call("send_mail", to=f"{first.lower()}@post.example", subject="News", body=words)
            )
        ],
    }


def send_again(random: Random) -> Parts:
    setup, people, topics = draw_box(random)
    person, topic, place = people[0], topics[2], random.choice(PLACES)
    words = f"we meet at {place}"
    send = call("send_mail", to=address_of(person), subject=topic.capitalize(), body=words)
    looked, lost = call("find_contact", name=person), tried(send)
    sent = {"to": address_of(person), "subject": {"$any": True}, "body": {"$contains": [words]}}
    return {
        "task": f'Look up {person} and send a mail with the subject {topic.capitalize()} and the text "{words}".',
        "setup": setup,
        "faults": hiccup("send_mail", "the connection was lost and nothing was sent; try again"),
        "expect": {"changes": {"/sent": {"$append": [sent]}}},
        "reference": solution(looked, lost, send, answer=f"{person} has been told."),
        "near_misses": [
            miss("tried once", looked, lost, answer=f"{person} has been told."),
            miss("sent twice", looked, lost, send, send),
            miss(
                "another person",
                lost,
                instead(send, to=address_of(people[1])),
            ),
        ],
    }


def answer_last(random: Random) -> Parts:
    """Only the memory of the earlier run says which mail it was."""
    setup, people, topics = draw_box(random)
    number = random.randrange(4)
    key, words = f"M{number + 1}", random.choice(("I am coming", "I have no time", "please tell me more"))
    place = _place(setup["mails"][key]["body"])
    sent = {"to": address_of(people[number]), "subject": {"$any": True}, "body": {"$contains": [words]}}
    answered = call("reply_mail", mail_id=key, body=words)
    return {
        "earlier": [
            {
                "task": f"Read the mail {key} and tell me where the {topics[number]} takes place.",
                "reference": solution(call("read_mail", mail_id=key), answer=f"At {place}."),
            }
        ],
        "task": f'Answer the mail that you read in the last run with "{words}".',
        "setup": setup,
        "expect": {"changes": {"/sent": {"$append": [sent]}}},
        "reference": solution(answered, answer="Answered."),
        "near_misses": [
            miss("another mail", call("reply_mail", mail_id=f"M{(number + 1) % 4 + 1}", body=words)),
            miss("another text", call("reply_mail", mail_id=key, body="thank you")),
            miss("answered twice", answered, answered),
        ],
    }


FAMILIES = (
    Family("where", 2, (), where),
    Family("answer", 2, (), answer_mail),
    Family("first-name", 3, ("recovery",), unknown_person),
    Family("send-again", 2, ("recovery", "faults"), send_again),
    Family("answer-last", 2, ("memory",), answer_last),
)
