"""A mailbox with contacts: messages in folders, an outbox of what was sent."""

from typing import Any

from coterie.tools import ToolError, tool

STATE: dict[str, Any] = {"contacts": {}, "mails": {}, "sent": []}

_FOLDERS = ("inbox", "archive", "trash")


@tool(effect="read")
def list_mail(folder: str = "inbox") -> list[dict[str, str]]:
    """List the mails in a folder: id, sender and subject.

    Args:
        folder: inbox, archive or trash
    """
    _check_folder(folder)
    mails = STATE["mails"].items()
    return [{"mail_id": k, "from": m["from"], "subject": m["subject"]} for k, m in mails if m["folder"] == folder]


@tool(effect="read")
def read_mail(mail_id: str) -> dict[str, str]:
    """Read a mail.

    Args:
        mail_id: Id of the mail, such as M1
    """
    mail = _mail(mail_id)
    return {"from": mail["from"], "subject": mail["subject"], "body": mail["body"]}


@tool(effect="read")
def search_mail(text: str) -> list[dict[str, str]]:
    """Find mails by words in the sender, the subject or the body.

    Args:
        text: The words to look for
    """
    wanted = text.casefold()
    found = [
        {"mail_id": key, "from": mail["from"], "subject": mail["subject"], "folder": mail["folder"]}
        for key, mail in STATE["mails"].items()
        if any(wanted in mail[field].casefold() for field in ("from", "subject", "body"))
    ]
    if not found:
        raise ToolError(f"no mail has {text!r} in it; try one word")
    return found


@tool(effect="read")
def find_contact(name: str) -> dict[str, str]:
    """Look up the mail address of a person.

    Args:
        name: Name of the person
    """
    for known, address in STATE["contacts"].items():
        if name.strip().casefold() == known.casefold():
            return {"name": known, "address": address}
    raise ToolError(f"no contact {name!r}; the contacts are {', '.join(STATE['contacts'])}")


@tool(effect="write")
def send_mail(to: str, subject: str, body: str) -> str:
    """Send a mail.

    Args:
        to: Mail address
        subject: Subject line
        body: Text of the mail
    """
    if "@" not in to:
        raise ToolError(f"{to!r} is not a mail address; look it up with find_contact")
    STATE["sent"].append({"to": to, "subject": subject, "body": body})
    return f"sent to {to}"


@tool(effect="write")
def reply_mail(mail_id: str, body: str) -> str:
    """Answer a mail.

    Args:
        mail_id: Id of the mail, such as M1
        body: Text of the answer
    """
    mail = _mail(mail_id)
    STATE["sent"].append({"to": mail["from"], "subject": f"Re: {mail['subject']}", "body": body})
    return f"answered {mail['from']}"


@tool(effect="write")
def move_mail(mail_id: str, folder: str) -> str:
    """Move a mail into another folder.

    Args:
        mail_id: Id of the mail, such as M1
        folder: inbox, archive or trash
    """
    _check_folder(folder)
    _mail(mail_id)["folder"] = folder
    return f"{mail_id} is in {folder}"


def _mail(mail_id: str) -> dict[str, str]:
    if mail_id not in STATE["mails"]:
        raise ToolError(f"no mail {mail_id!r}; the ids are {', '.join(STATE['mails'])}")
    mail: dict[str, str] = STATE["mails"][mail_id]
    return mail


def _check_folder(folder: str) -> None:
    if folder not in _FOLDERS:
        raise ToolError(f"no folder {folder!r}; the folders are {', '.join(_FOLDERS)}")
