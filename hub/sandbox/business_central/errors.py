"""How Business Central words a refusal: {"error": {"code", "message"}}, a correlation id in the message."""

from __future__ import annotations

import json
import uuid

from hub.sandbox.system import Response


class Refusal(Exception):
    """A refusal with its HTTP status, OData error code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def response(self) -> Response:
        """The refusal in the envelope."""
        correlation = uuid.uuid4()
        error = {"code": self.code, "message": f"{self.message}  CorrelationId:  {correlation}."}
        headers = {"Content-Type": "application/json; odata.metadata=minimal", "request-id": str(correlation)}
        return Response(self.status, json.dumps({"error": error}, ensure_ascii=False).encode(), headers)


def bad_request(message: str) -> Refusal:
    """The request itself is wrong: an unknown property, a wrong type, broken JSON or filter."""
    return Refusal(400, "BadRequest", message)


def not_valid(message: str) -> Refusal:
    """The application refuses the data: a blocked customer, a value that does not fit."""
    return Refusal(400, "Application_DialogException", message)


def too_long(value: str, length: int) -> Refusal:
    """A text does not fit into its field."""
    return Refusal(
        400,
        "Application_StringExceededLength",
        f"The length of the string is {len(value)}, but it must be less than or equal to {length} "
        f"characters. Value: {value}",
    )


def no_record(table: str, keys: str) -> Refusal:
    """A record that the data names does not exist."""
    words = f"The {table} does not exist. Identification fields and values: {keys}"
    return Refusal(400, "Internal_RecordNotFound", words)


def not_related(field: str, value: str, table: str) -> Refusal:
    """A code names no record of the table that its field relates to."""
    return not_valid(
        f"The field {field} of table Sales Header contains a value ({value}) that cannot be found in the "
        f"related table ({table})."
    )


def no_resource(segment: str) -> Refusal:
    """The address names nothing."""
    return Refusal(
        404, "BadRequest_ResourceNotFound", f"Could not find the resource for the segment '{segment}'."
    )


def too_many_requests(actual: int, maximum: int, retry_after: int) -> Response:
    """Status 429 with Retry-After in seconds."""
    words = f"Too many requests reached. Actual ({actual}). Maximum ({maximum})."
    response = Refusal(429, "Application_TooManyRequests", words).response()
    response.headers["Retry-After"] = str(retry_after)
    return response
