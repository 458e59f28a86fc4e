"""What Tryton's errors mean: the one table from status and error list to what happens next.

Tryton answers a call that it understood with 200, whatever became of it: {"id": …, "result": …} or
{"id": …, "error": [kind, …]}. What is refused is rolled back whole. Any other status, and any other body, comes from
its web server or from something in between.
"""

from __future__ import annotations

from hub.connectors.base import CallKind
from hub.connectors.http import Answer, rejected, unreadable
from hub.errors import ConnectionBroken, RecordRejected, SyncError, Unreachable

_WORDS = "No user and password of a person are needed: make a user for the hub in Tryton, see docs/erps.md."


def failure_in(kind: CallKind, operation: str, error: object) -> SyncError:
    """The error that the list in an answer means."""
    parts = error if isinstance(error, list) else [error]
    name, details = str(parts[0]), parts[1] if len(parts) > 1 else ""
    if name == "UserError":
        return rejected(operation, 200, name, _words(details))
    if name == "UserWarning":
        return _warning(operation, details)
    if name == "ConcurrencyException":
        return Unreachable(f"{operation}: somebody else changed the record at the same moment.")
    if name == "LoginException":
        return ConnectionBroken(f"Tryton wants more than a password to sign in: {details}. {_WORDS}")
    # A fault inside of Tryton, most often a field or a model that its modules do not have.
    if kind is CallKind.READ:
        return Unreachable(f"{operation}: Tryton failed inside: {name}.")
    return rejected(operation, 200, "ServerError", [f"Tryton failed inside: {name}"])


def failure_of_status(kind: CallKind, operation: str, answer: Answer) -> SyncError | None:
    """The error that a status other than 200 means, None for 200. 401 has been answered by a new sign-in before."""
    if answer.status == 200:
        return None
    if answer.status == 401:
        return ConnectionBroken(
            f"{operation}: Tryton does not accept the session that it has just given. "
            "Check the user on the connection's page, and that nothing in between drops the header Authorization."
        )
    if answer.status == 403:
        return ConnectionBroken(
            f"{operation}: Tryton has no such call (403). A module is missing or not activated there; "
            "the connection test names what is needed."
        )
    return unreadable(kind, operation, answer, "no answer of Tryton")


def sign_in_refused(answer: Answer, *, user: str, database: str) -> SyncError | None:
    """The error for a sign-in that was not granted by its status, None where the body says what became of it."""
    if answer.status == 401:
        return ConnectionBroken(
            f"Tryton refused the sign-in of user {user!r} to database {database!r}: wrong name or password. "
            "Correct them on the connection's page."
        )
    if answer.status == 404:
        return ConnectionBroken(
            f"There is no Tryton database {database!r} at this address. Correct address and database on the "
            "connection's page."
        )
    return (
        None if answer.status == 200 else unreadable(CallKind.READ, "sign in", answer, "no answer of Tryton")
    )


def _warning(operation: str, details: object) -> RecordRejected:
    """Tryton asks a person "are you sure"; the hub does not answer in a person's place."""
    name, *words = details if isinstance(details, list) else [details]
    error = rejected(
        operation, 200, "UserWarning", [f"Tryton asks: {text}" for text in map(str, words) if text]
    )
    error.evidence["warning"] = str(name)
    return error


def _words(details: object) -> list[str]:
    """Message and description; what follows is for programs."""
    texts = details[:2] if isinstance(details, list) else [details]
    return [str(text) for text in texts if text]
