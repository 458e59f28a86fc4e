"""A checkout that asks the carrier for rates, as the store does: signed, once, and no longer than its deadline.

What the store does with the answer (DeliveryCarrierService of 2026-07): rates are shown; an empty list means that the
carrier does not serve the place; no answer in time, another status than 2xx, or rates that lack a required field bring
the backup rates. Answers are kept for 15 minutes, failures for 30 seconds.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from typing import Any
from urllib.parse import urlsplit

import h11

from hub.sandbox.shopify.carriers import KIND
from hub.sandbox.shopify.encoding import json_bytes
from hub.sandbox.shopify.errors import Record
from hub.sandbox.shopify.shop import Shop
from hub.sandbox.shopify.webhooks import signature

BACKUP = [{"service_name": "Backup", "service_code": "backup", "total_price": "9900"}]
KEEP_RATES, KEEP_FAILURE = 900.0, 30.0
REQUIRED = ("service_name", "description", "service_code", "currency", "total_price")
LARGEST_ANSWER = 1024 * 1024
_AT_ONCE = 65_536
_TIERS = ((1500, 10.0), (3000, 5.0))
_SHORTEST = 3.0


async def checkout(shop: Shop, data: Record) -> Record:
    """Play a buyer who has typed an address.

    `lines` [{sku, quantity, grams, requires_shipping}], `destination` and `origin` as the store sends them, `currency`,
    `customer` (an e-mail address), `requests_per_minute` (the shop's, for the deadline), `anew` (the store's memory is
    passed by), `secret` (signs with another one). Answers with what the buyer is shown and how it came.
    """
    carrier = next((one for one in shop.every(KIND) if one["active"]), None)
    if carrier is None:
        return {"asked": False, "used": "backup", "rates": BACKUP, "status": 0, "seconds": 0.0}
    body = json_bytes(rate_request(shop, data))
    kept = shop.kept_rates.get(body)
    if kept and kept[0] > shop.monotonic() and not data.get("anew"):
        return {**kept[1], "asked": False}
    per_minute = int(data.get("requests_per_minute", 0))
    wait = next((seconds for below, seconds in _TIERS if per_minute < below), _SHORTEST)
    secret = str(data.get("secret", shop.settings.client_secret))
    start = time.monotonic()
    status, answer = await ask(carrier["callbackUrl"], body, _headers(shop, body, secret), wait)
    shown = _shown(status, answer) | {"asked": True, "seconds": time.monotonic() - start}
    keep = KEEP_RATES if shown["used"] != "backup" else KEEP_FAILURE
    shop.kept_rates[body] = (shop.monotonic() + keep, shown)
    return shown


def _shown(status: int, answer: bytes) -> Record:
    """What the buyer sees of an answer; `used` is carrier, none (not served) or backup."""
    rates = _rates(answer) if 200 <= status < 300 else None
    if rates is None:
        text = answer[:500].decode("utf-8", "replace")
        return {"used": "backup", "rates": BACKUP, "status": status, "answer": text}
    return {"used": "carrier" if rates else "none", "rates": rates, "status": status}


def _rates(answer: bytes) -> list[Record] | None:
    """The rates of an answer, None where the store cannot read them."""
    try:
        rates = json.loads(answer)["rates"]
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(rates, list):
        return None
    return rates if all(_is_readable(rate) for rate in rates) else None


def _is_readable(rate: Any) -> bool:
    if not isinstance(rate, dict) or any(not isinstance(rate.get(name), str) for name in REQUIRED):
        return False
    is_price = re.fullmatch(r"[0-9]{1,15}", rate["total_price"]) is not None
    return is_price and bool(rate["service_name"] and rate["service_code"]) and len(rate["currency"]) == 3


def _headers(shop: Shop, body: bytes, secret: str) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "X-Shopify-Shop-Domain": shop.settings.domain,
        "X-Shopify-Hmac-Sha256": signature(secret, body),
    }


# ---------------------------------------------------------------------------------------------------- the request


def rate_request(shop: Shop, data: Record) -> Record:
    """The body that the store sends for this basket."""
    items = [_item(shop, row) for row in data.get("lines", [])]
    subtotal = sum(item["price"] * item["quantity"] for item in items)
    return {
        "rate": {
            "origin": _address(
                {"country": "DE", "postal_code": "10115", "city": "Berlin"} | data.get("origin", {})
            ),
            "destination": _address(data.get("destination", {})),
            "items": items,
            "currency": data.get("currency", shop.settings.currency),
            "locale": "en",
            "order_totals": {
                "subtotal_price": str(subtotal),
                "total_price": str(subtotal),
                "discount_amount": "0",
            },
            "customer": _customer(shop, data.get("customer")),
        }
    }


def _item(shop: Shop, row: Record) -> Record:
    [variant] = shop.where("ProductVariant", sku=row["sku"])
    return {
        "name": variant["title"],
        "sku": row["sku"],
        "quantity": row.get("quantity", 1),
        "grams": row.get("grams", 1000),
        "price": int(variant["price"] * 100),
        "vendor": "Concord",
        "requires_shipping": row.get("requires_shipping", True),
        "taxable": True,
        "fulfillment_service": "manual",
        "properties": None,
        "product_id": 1,
        "variant_id": int(variant["id"].rpartition("/")[2]),
    }


def _address(given: Record) -> Record:
    names = ("country", "postal_code", "province", "city", "name", "address1", "address2")
    empty = dict.fromkeys((*names, "address3", "phone", "fax", "email", "address_type", "company_name"))
    return {**empty, **given}


def _customer(shop: Shop, email: str | None) -> Record | None:
    found = [one for one in shop.every("Customer") if email and one["email"] == email]
    return {"id": int(found[0]["id"].rpartition("/")[2]), "tags": []} if found else None


# ----------------------------------------------------------------------------------------------------- asking it


async def ask(url: str, body: bytes, headers: dict[str, str], seconds: float) -> tuple[int, bytes]:
    """POST it once: status and body of the answer; status 0 where none came within `seconds`."""
    try:
        return await asyncio.wait_for(_exchange(url, body, headers), seconds)
    except TimeoutError:
        return 0, b"no answer in time"
    except (OSError, EOFError, h11.ProtocolError) as error:
        return 0, f"failed: {type(error).__name__}".encode()


async def _exchange(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    address = urlsplit(url)
    port = address.port or 80
    reader, writer = await asyncio.open_connection(address.hostname, port)
    try:
        wire = h11.Connection(h11.CLIENT)
        own = [
            ("Host", f"{address.hostname}:{port}"),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
        ]
        request = h11.Request(method="POST", target=address.path or "/", headers=[*headers.items(), *own])
        for event in (request, h11.Data(data=body), h11.EndOfMessage()):
            writer.write(wire.send(event) or b"")
        return await _read(reader, wire)
    finally:
        writer.close()


async def _read(reader: asyncio.StreamReader, wire: h11.Connection) -> tuple[int, bytes]:
    status, content = 0, bytearray()
    while True:
        event = wire.next_event()
        if event is h11.NEED_DATA:
            wire.receive_data(await reader.read(_AT_ONCE))
        elif isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.Data):
            content += event.data
            if len(content) > LARGEST_ANSWER:
                raise EOFError("the answer is too large")
        else:
            return status, bytes(content)
