"""Refusals and the envelope in which NetSuite words them.

Shape and most words after
https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_156570709583.html; codes after the SOAP
error code list where REST has no example.
"""

from __future__ import annotations

import json
from http import HTTPStatus

from hub.sandbox.system import Response

ERROR_TYPE = "application/vnd.oracle.resource+json; type=error; charset=UTF-8"
_RFC = "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"
_SECTIONS = {
    400: "#sec10.4.1",
    401: "#sec10.4.2",
    403: "#sec10.4.4",
    404: "#sec10.4.5",
    405: "#sec10.4.6",
    409: "#sec10.4.10",
    415: "#sec10.4.16",
    500: "#sec10.5.1",
    503: "#sec10.5.4",
}


class Refusal(Exception):
    """A request or action that NetSuite refuses. `path` is the JSON path of the wrong value."""

    def __init__(self, status: int, code: str, detail: str, path: str = "", header: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.path = path
        self.header = header

    def response(self) -> Response:
        """The refusal in the envelope."""
        detail = {"detail": self.detail, "o:errorCode": self.code}
        if self.path:
            detail["o:errorPath"] = self.path
        if self.header:
            detail["o:errorHeader"] = self.header
        return Response(self.status, envelope(self.status, [detail]), {"Content-Type": ERROR_TYPE})


def envelope(status: int, details: list[dict[str, str]]) -> bytes:
    """The body of an error answer."""
    title = HTTPStatus(status).phrase
    content = {
        "type": _RFC + _SECTIONS.get(status, ""),
        "title": title,
        "status": status,
        "o:errorDetails": details,
    }
    return json.dumps(content, ensure_ascii=False).encode()


def invalid_content(detail: str, path: str = "") -> Refusal:
    """The body is wrong: an unknown field, a wrong type."""
    return Refusal(400, "INVALID_CONTENT", f"Error while accessing a resource. {detail}", path)


def invalid_value(value: object, field: str, path: str) -> Refusal:
    """A value that the field cannot take: a record that is not there, is inactive, or does not fit."""
    name = field.lower()
    words = f"Error while accessing resource: You have entered an Invalid Field Value {value} for the following field: "
    return Refusal(400, "INVALID_CONTENT", words + name, path)


def invalid_reference(value: object, field: str, path: str) -> Refusal:
    """A reference by external id that names no record."""
    words = f"Error while accessing a resource. Invalid {field} reference key {value}."
    return Refusal(400, "INVALID_KEY_OR_REF", words, path)


def not_for_subsidiary(field: str, record_id: str, subsidiary_id: str, path: str) -> Refusal:
    """The record exists and may not be used in the document's subsidiary."""
    words = (
        "Error while accessing a resource. "
        f"Invalid {field} reference key {record_id} for subsidiary {subsidiary_id}."
    )
    return Refusal(400, "INVALID_KEY_OR_REF", words, path)


def user_error(detail: str, path: str = "") -> Refusal:
    """A rule of the application."""
    return Refusal(400, "USER_ERROR", f"Error while accessing a resource. {detail}", path)


def missing(labels: str, path: str = "") -> Refusal:
    """Fields that must have a value, by their labels on the form."""
    return user_error(f"Please enter value(s) for: {labels}.", path)


def too_long(field: str, length: int, path: str) -> Refusal:
    """A text does not fit into its field."""
    words = (
        f"Error while accessing a resource. The field {field.lower()} contained more than the maximum number "
        f"( {length} ) of characters allowed."
    )
    return Refusal(400, "EXCEEDED_MAX_FIELD_LENGTH", words, path)


def no_record(record_type: str, record_id: str) -> Refusal:
    """The address names a record that does not exist."""
    words = (
        f"The record instance does not exist. Provide a valid record instance ID. ({record_type} {record_id})"
    )
    return Refusal(404, "NONEXISTENT_ID", words)


def no_resource(path: str) -> Refusal:
    """The address names nothing."""
    return Refusal(404, "INVALID_URL", f"The requested resource does not exist: {path}")


def not_permitted(permission: str, level: str = "") -> Refusal:
    """The role lacks a permission; the words name it."""
    need = f"{permission} ({level})" if level else permission
    words = (
        f"Permission Violation: You need the '{need}' permission to access this page. "
        "Please contact your account administrator."
    )
    return Refusal(403, "INSUFFICIENT_PERMISSION", words)


def not_logged_in() -> Refusal:
    """Status 401: the token is none, is dead, or its signature is wrong. The reason is only in the audit trail."""
    words = (
        "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI at "
        "Setup > Users/Roles > User Management > View Login Audit Trail."
    )
    return Refusal(401, "INVALID_LOGIN", words)


def over_concurrency() -> Refusal:
    """Status 429: the account works on as many requests as it may."""
    words = (
        "Concurrent request limit exceeded. Request blocked. Verify your concurrency limits at "
        "Setup > Integration > Integration Management > Integration Governance."
    )
    return Refusal(429, "CONCURRENCY_LIMIT_EXCEEDED", words)


def bad_query(detail: str) -> Refusal:
    """SuiteQL that does not run."""
    words = f"Invalid search query. Detailed unprocessed description follows. {detail}"
    return Refusal(400, "INVALID_PARAMETER", words)
