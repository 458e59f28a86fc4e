"""A person's own session with the real Tryton, beside the relay: no fault reaches it."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from typing import Any

import httpx

PAGE = 100
_LOGIN, _PREFERENCES = "common.db.login", "model.res.user.get_preferences"
# The name here -> Tryton's.
_AMOUNTS = {
    "totalAmountExcludingTax": "untaxed_amount",
    "totalTaxAmount": "tax_amount",
    "totalAmountIncludingTax": "total_amount",
}
_NAMES = {"customerNumber": ("party.", "code"), "currencyCode": ("currency.", "code")}
_FIELDS = (
    "number",
    "reference",
    "state",
    "party.code",
    "currency.code",
    *_AMOUNTS.values(),
    "lines.type",
    "lines.product.code",
    "lines.description",
    "lines.quantity",
    "lines.unit_price",
    "lines.amount",
)
# These exist where their modules are installed.
_OPTIONAL = ("web_id", "shipment_state", "invoice_state")


class Office:
    """Calls by one user of one database. Raises ValueError with the server's words where it refuses."""

    def __init__(self, http: httpx.AsyncClient, root: str, user: str, password: str) -> None:
        self.http = http
        self.address = f"{root}/rpc/"
        self.user = user
        self.password = password
        self.session = ""
        self.context: dict[str, Any] = {}

    async def call(self, method: str, *params: Any) -> Any:
        """The result of one call, Decimals as text; signs in first, and again where the session has ended."""
        if not self.session:
            await self._sign_in()
        answer = await self._post(method, [*params, self.context])
        if answer.status_code == 401:
            await self._sign_in()
            answer = await self._post(method, [*params, self.context])
        return _result(method, answer)

    async def sales(self, domain: list[Any]) -> list[dict[str, Any]]:
        """The sales that a domain selects, oldest first, with their lines; money as decimal strings."""
        known = await self.call("model.sale.sale.fields_get", [])
        fields = [*_FIELDS, *(name for name in _OPTIONAL if name in known)]
        found: list[dict[str, Any]] = []
        while True:
            page = await self.call(
                "model.sale.sale.search_read", domain, len(found), PAGE, [["id", "ASC"]], fields
            )
            found += [_sale(row) for row in page]
            if len(page) < PAGE:
                return found

    async def _sign_in(self) -> None:
        self.session, self.context = "", {}
        uid, token, *_ = _result(_LOGIN, await self._post(_LOGIN, [self.user, {"password": self.password}]))
        self.session = base64.b64encode(f"{self.user}:{uid}:{token}".encode()).decode()
        self.context = _result(_PREFERENCES, await self._post(_PREFERENCES, [True, {}]))

    async def _post(self, method: str, params: list[Any]) -> httpx.Response:
        headers = {"Authorization": f"Session {self.session}"} if self.session else {}
        return await self.http.post(
            self.address, json={"id": 1, "method": method, "params": params}, headers=headers
        )


def _result(method: str, answer: httpx.Response) -> Any:
    if answer.status_code != 200:
        raise ValueError(f"the real server answered {method} with {answer.status_code}: {answer.text[:200]}")
    content = json.loads(answer.text, parse_float=Decimal)
    if not isinstance(content, dict) or content.get("error"):
        raise ValueError(f"the real server refused {method}: {content}")
    return _plain(content.get("result"))


def _plain(value: Any) -> Any:
    """Without Tryton's wrappers: decimals as their text; anything else in a wrapper stays as it is."""
    if isinstance(value, dict):
        if value.get("__class__") == "Decimal":
            return value["decimal"]
        return {name: _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list) else value


def _sale(row: dict[str, Any]) -> dict[str, Any]:
    kept = {name: row[name] for name in ("number", "reference", "state", *_OPTIONAL) if name in row}
    return {
        "id": str(row["id"]),
        **{name: value or "" for name, value in kept.items()},
        **{name: (row.get(there) or {}).get(field, "") for name, (there, field) in _NAMES.items()},
        **{name: row[theirs] for name, theirs in _AMOUNTS.items()},
        "lines": [_line(line) for line in row["lines."]],
    }


def _line(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": row["type"],
        "number": (row.get("product.") or {}).get("code") or "",
        "description": row["description"] or "",
        "quantity": str(row["quantity"] or 0),
        "unitPrice": row["unit_price"] or "0",
        "amount": row["amount"] or "0",
    }
