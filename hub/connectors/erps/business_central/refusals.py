"""What Business Central's refusals mean: the one table from status and error envelope to what happens next.

The envelope is {"error": {"code": …, "message": "… CorrelationId: …"}}. Only an answer in this form is
Business Central's own word: a 4xx without it comes from something in between and says nothing of the record.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hub.connectors.base import CallKind
from hub.connectors.http import Answer, rejected, unreadable
from hub.errors import ConnectionBroken, OutcomeUnknown, RateLimited, RecordRejected, SyncError, Unreachable

# The operation itself timed out (8 minutes): it may have been committed before.
_TIMED_OUT = 408
# Codes by the vendor's table of OData error codes (dynamics-error-codes, API v2.0).
_BROKEN_CODES = ("Authentication_", "Authorization_", "Internal_CompanyNotFound")
_SERVER_CODES = ("Internal_ServerError", "Unknown")
_TENANT_AWAY = "Internal_TenantUnavailable"
_CORRELATION = re.compile(r"\s*CorrelationId:\s*([0-9a-fA-F-]{36})\.?")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Business Central's error in its own words, and the correlation id that its support asks for."""

    code: str
    message: str
    correlation_id: str


def failure_of(kind: CallKind, operation: str, status: int, body: object) -> SyncError | None:
    """The error that an answer means, None for success. `body` is the parsed JSON, None where it was none."""
    if 200 <= status < 300:
        return None
    refusal = refusal_in(body)
    if status == 429:
        return RateLimited(f"{operation}: Business Central answered 429, too many requests.")
    if status in (401, 403):
        return _not_allowed(operation, status, refusal)
    if refusal is None or status == _TIMED_OUT or not 400 <= status < 500 or refusal.code in _SERVER_CODES:
        return _without_word(kind, operation, status)
    if refusal.code == _TENANT_AWAY:
        return Unreachable(f"{operation}: {refusal.message}")
    if refusal.code.startswith(_BROKEN_CODES) or (status == 404 and kind is CallKind.READ):
        return ConnectionBroken(
            f"{operation}: Business Central refuses this connection: {refusal.message} "
            "Check tenant, environment, company and the application's permissions."
        )
    return _rejected(operation, status, refusal)


def _rejected(operation: str, status: int, refusal: Refusal) -> RecordRejected:
    error = rejected(operation, status, refusal.code, [refusal.message])
    error.evidence["correlation_id"] = refusal.correlation_id
    return error


def refusal_in(body: object) -> Refusal | None:
    """The error envelope, or None where the body is not one."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return None
    text = str(error.get("message") or "")
    found = _CORRELATION.search(text)
    return Refusal(
        code=str(error.get("code") or ""),
        message=_CORRELATION.sub("", text).strip(),
        correlation_id=found.group(1) if found else "",
    )


def sign_in_refused(operation: str, answer: Answer) -> SyncError:
    """The error for a token request that Entra did not grant: its own first line, and what to check."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict) or "error" not in body:
        return unreadable(CallKind.READ, operation, answer, "not an answer of Microsoft Entra")
    words = str(body.get("error_description") or body["error"]).partition("\n")[0].strip()
    return ConnectionBroken(
        f"Microsoft Entra refused the sign-in: {words} Check tenant id, client id and client secret on the "
        "connection's page; a secret may have run out."
    )


def _not_allowed(operation: str, status: int, refusal: Refusal | None) -> ConnectionBroken:
    words = refusal.message if refusal and refusal.message else "it gave no reason"
    if status == 401:
        return ConnectionBroken(
            f"{operation}: Business Central does not accept the token ({words}). Enter the client id under "
            "Microsoft Entra Applications in Business Central, enable it, and check the environment's name."
        )
    return ConnectionBroken(
        f"{operation}: Business Central refuses the permission: {words} Under Microsoft Entra Applications "
        "in Business Central, give this application a permission set that contains it."
    )


def _without_word(kind: CallKind, operation: str, status: int) -> SyncError:
    if kind is CallKind.READ:
        return Unreachable(f"{operation}: no usable answer (status {status}).")
    return OutcomeUnknown(
        f"{operation}: status {status} without Business Central's own word; it may or may not be carried out."
    )
