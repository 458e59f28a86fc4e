"""What NetSuite's refusals mean: the one table from status and error envelope to what happens next.

The envelope is {"type", "title", "status", "o:errorDetails": [{"detail", "o:errorCode", "o:errorPath"}]}. Only an
answer in this form is NetSuite's own word: a 4xx without it comes from something in between and says nothing of the
record.
https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_156570709583.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hub.connectors.base import CallKind
from hub.connectors.http import Answer, rejected, unreadable
from hub.errors import (
    ConnectionBroken,
    OutcomeUnknown,
    RateLimited,
    RecordRejected,
    SyncError,
    TryLater,
    Unreachable,
)

# REST says 429; older parts say 400 with one of these.
_THROTTLED = ("SSS_REQUEST_LIMIT_EXCEEDED", "CONCURRENCY_LIMIT_EXCEEDED", "WS_REQUEST_BLOCKED")
# Somebody else saves the record at this moment; nothing was carried out.
_BUSY = ("RCRD_HAS_BEEN_CHANGED", "RCRD_LOCKED", "RCRD_EDITED_SINCE_RETRIEVED")
_FORBIDDEN = ("INSUFFICIENT_PERMISSION", "USER_CONTEXT_REQUIRED")
_SERVER_CODES = ("UNEXPECTED_ERROR",)
_BUSY_FOR = 5.0
_TIMED_OUT = 408
_PERMISSION = re.compile(r"'([^']+)' permission")
_TABLE = re.compile(r"FROM (\w+)")
# As NetSuite's page of roles names them; SuiteQL only says that it does not find the table.
_PERMISSIONS = {
    "transaction": "Transactions -> Sales Order",
    "transactionline": "Transactions -> Sales Order",
    "customer": "Lists -> Customers",
    "item": "Lists -> Items",
    "shipitem": "Lists -> Shipping Items",
    "currency": "Lists -> Currency",
    "term": "Setup -> Accounting Lists",
    "salestaxitem": "Setup -> Tax Codes",
    "subsidiary": "Lists -> Subsidiaries",
    "location": "Lists -> Locations",
    "department": "Lists -> Departments",
    "classification": "Lists -> Classes",
}
SIGN_IN_PAGE = "Setup > Integration > Manage Authentication > OAuth 2.0 Client Credentials (M2M) Setup"
_SIGN_IN_ADVICE = {
    "invalid_client": "Check the client id; the integration record must be enabled and allow client credentials.",
    "invalid_grant": "Check the certificate id and the private key; the certificate may have expired or been revoked.",
    "invalid_scope": "Tick the scope REST Web Services on the integration record.",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """NetSuite's error in its own words: code and JSON path of the first detail, the words of all."""

    code: str
    message: str
    path: str


def failure_of(kind: CallKind, operation: str, status: int, body: object) -> SyncError | None:
    """The error that an answer means, None for success. `body` is the parsed JSON, None where it was none."""
    if 200 <= status < 300:
        return None
    refusal = refusal_in(body)
    if is_throttled(status, refusal):
        return RateLimited(f"{operation}: NetSuite refuses it: too many requests at once.")
    if status == 401:
        return _not_signed_in(operation, refusal)
    if (
        refusal is None
        or status == _TIMED_OUT
        or status >= 500
        or status < 400
        or refusal.code in _SERVER_CODES
    ):
        return _without_word(kind, operation, status)
    if status == 403 or refusal.code in _FORBIDDEN:
        return _forbidden(operation, refusal)
    if refusal.code in _BUSY:
        return TryLater(f"{operation}: {refusal.message} It is tried again in a moment.", after=_BUSY_FOR)
    return refused(operation, status, refusal)


def refused(operation: str, status: int, refusal: Refusal) -> RecordRejected:
    """The error for a record that NetSuite does not take, with the path of what is wrong as evidence."""
    error = rejected(operation, status, refusal.code, [refusal.message])
    error.evidence["path"] = refusal.path
    return error


def refusal_in(body: object) -> Refusal | None:
    """The error envelope, or None where the body is not one."""
    details = body.get("o:errorDetails") if isinstance(body, dict) else None
    if not isinstance(details, list):
        return None
    found = [each for each in details if isinstance(each, dict)]
    if not found:
        return None
    words = "; ".join(dict.fromkeys(str(each.get("detail") or "").strip() for each in found))
    return Refusal(str(found[0].get("o:errorCode") or ""), words, str(found[0].get("o:errorPath") or ""))


def is_throttled(status: int, refusal: Refusal | None) -> bool:
    """Whether the account works on as many requests as it may."""
    return status == 429 or (refusal is not None and refusal.code in _THROTTLED)


def sign_in_refused(operation: str, answer: Answer) -> SyncError:
    """The error for a token request that was not granted: NetSuite's own word, and what to check for it."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict) or not isinstance(body.get("error"), str):
        refusal = refusal_in(body)
        if refusal is None:
            return unreadable(CallKind.READ, operation, answer, "not an answer of NetSuite's sign-in")
        return _not_signed_in(operation, refusal)
    code = str(body["error"])
    words = str(body.get("error_description") or "").strip()
    said = f"{code} ({words})" if words else code
    advice = _SIGN_IN_ADVICE.get(code, "Check client id, certificate id and private key.")
    return ConnectionBroken(f"NetSuite refused the sign-in: {said}. {advice} See {SIGN_IN_PAGE} in NetSuite.")


def query_refused(operation: str, suiteql: str, error: RecordRejected) -> ConnectionBroken:
    """The error for a query of ours that SuiteQL refuses: it shows no more than the role may see."""
    table = _TABLE.search(suiteql)
    permission = _PERMISSIONS.get(table[1] if table else "", "for that record")
    return ConnectionBroken(
        f"{operation}: {error.evidence['message']} SuiteQL does not show it to this role: give the role the "
        f"permission '{permission}' and 'Reports -> SuiteAnalytics Workbook' in NetSuite under "
        "Setup > Users/Roles > Manage Roles, on the subtab Permissions."
    )


def _not_signed_in(operation: str, refusal: Refusal | None) -> ConnectionBroken:
    words = refusal.message if refusal and refusal.message else "It gave no reason."
    return ConnectionBroken(
        f"{operation}: NetSuite does not accept the credentials. {words} Check account id, keys and token on the "
        "connection's page, that the integration record is enabled, and that the role has the permissions "
        "'REST Web Services' and 'Log in using OAuth 2.0 Access Tokens' or 'Log in using Access Tokens'."
    )


def _forbidden(operation: str, refusal: Refusal) -> ConnectionBroken:
    named = _PERMISSION.search(refusal.message)
    permission = f"the permission '{named[1]}'" if named else "the permission that it names"
    return ConnectionBroken(
        f"{operation}: {refusal.message} Give the integration's role {permission} in NetSuite under "
        "Setup > Users/Roles > Manage Roles, on the subtab Permissions."
    )


def _without_word(kind: CallKind, operation: str, status: int) -> SyncError:
    if kind is CallKind.READ:
        return Unreachable(f"{operation}: no usable answer (status {status}).")
    return OutcomeUnknown(
        f"{operation}: status {status} without NetSuite's own word; it may or may not be carried out."
    )
