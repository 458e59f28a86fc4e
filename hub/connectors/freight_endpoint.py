"""A customer's own web service that knows the ERP's freight: its client, and where that may connect to.

Its JSON is described in docs/freight.md.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Mapping
from decimal import Decimal

import httpcore
import httpx

from hub.connectors.base import CallKind, Hooks
from hub.connectors.documents import Address
from hub.connectors.freight import FreightOffer, FreightQuestion, FreightQuotes
from hub.connectors.http import BoundedBackend, HttpClient, SocketOption, trusted
from hub.errors import ConnectionBroken, Unreachable
from hub.lib.money import parse_amount

OPERATION = "quote_freight"
# More methods than this nobody reads at a checkout.
MOST_OFFERS = 50
LONGEST_DAYS = 3650
_METHOD_LENGTH, _TITLE_LENGTH = 40, 200


class FreightEndpoint(FreightQuotes):
    """A customer's own web service that speaks the JSON of docs/freight.md. One use, then close it.

    `deadline` in seconds bounds the whole call. Only https, and only addresses of the public internet, unless
    `allows_private` says that the service stands in the deployment's own network.
    """

    def __init__(
        self,
        url: str,
        secret: str,
        hooks: Hooks,
        *,
        deadline: float,
        allows_private: bool = False,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        if not allows_private and not url.lower().startswith("https://"):
            raise ConnectionBroken(f"The freight endpoint {url!r} must begin with https://.")
        self.url = url
        self.secret = secret
        guarded = transport or _transport(_GuardedBackend(allows_private=allows_private))
        self.http = HttpClient(url, hooks, deadline=deadline, transport=guarded)

    def close(self) -> None:
        """Close the connection."""
        self.http.close()

    def quote_freight(self, question: FreightQuestion) -> list[FreightOffer]:
        """Ask it. A quote changes nothing there, so that a lost answer is harmless."""
        answer = self.http.send(
            CallKind.READ,
            "POST",
            self.url,
            operation=OPERATION,
            headers={"Authorization": f"Bearer {self.secret}"} if self.secret else {},
            json_body=question_body(question),
        )
        if answer.status in (401, 403):
            raise ConnectionBroken(
                f"The freight endpoint refuses our secret ({answer.status}). Correct it on the freight policy's page."
            )
        if answer.status != 200:
            raise Unreachable(f"The freight endpoint answered {answer.status} instead of 200.")
        try:
            return offers_of(answer.json())
        except ValueError as error:
            raise Unreachable(f"The freight endpoint's answer is not usable: {error}.") from error


def question_body(question: FreightQuestion) -> dict[str, object]:
    """The question as the endpoint reads it (docs/freight.md)."""
    grams = question.grams
    return {
        "currency": question.currency,
        "customer_number": question.customer_number,
        "order_value": question.order_value,
        "grams": grams,
        "origin": _address_body(question.origin),
        "destination": {**_address_body(question.destination), "is_po_box": question.is_po_box},
        "lines": [
            {
                "sku": item.sku,
                "variant_id": item.variant_id,
                "title": item.title,
                "quantity": item.quantity,
                "grams": item.grams,
                "price": item.price,
            }
            for item in question.shipped
        ],
    }


def _address_body(address: Address) -> dict[str, object]:
    return {
        "company": address.company,
        "line1": address.line1,
        "line2": address.line2,
        "city": address.city,
        "province": address.province_code,
        "postal_code": address.postal_code,
        "country": address.country_code,
    }


def offers_of(answer: object) -> list[FreightOffer]:
    """The offers in an endpoint's answer. Raises ValueError for what breaks docs/freight.md: all of it or nothing."""
    rates = answer.get("rates") if isinstance(answer, Mapping) else None
    if not isinstance(rates, list):
        raise ValueError("there is no list called rates")
    if len(rates) > MOST_OFFERS:
        raise ValueError(f"there are {len(rates)} rates, more than {MOST_OFFERS}")
    offers = [_offer(rate) for rate in rates]
    if len({offer.method_code for offer in offers}) < len(offers):
        raise ValueError("a method is there twice")
    return offers


def _offer(rate: object) -> FreightOffer:
    if not isinstance(rate, Mapping):
        raise ValueError("a rate is no object")
    price = rate.get("price")
    if not isinstance(price, str | int | Decimal):
        raise ValueError(f"a price is {type(price).__name__}, not a decimal number")
    offer = FreightOffer(
        method_code=_text(rate, "method", _METHOD_LENGTH),
        title=_text(rate, "name", _TITLE_LENGTH),
        price=parse_amount(price),
        currency=_text(rate, "currency", 3),
        description=_text(rate, "description", _TITLE_LENGTH) if rate.get("description") else "",
        days_from=_days(rate, "min_days"),
        days_to=_days(rate, "max_days"),
    )
    if offer.price < 0:
        raise ValueError(f"a price is negative: {offer.price}")
    return offer


def _text(rate: Mapping[str, object], name: str, length: int) -> str:
    value = rate.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > length or not value.isprintable():
        raise ValueError(f"{name} is not a printable text of 1 to {length} characters")
    return value.strip()


def _days(rate: Mapping[str, object], name: str) -> int | None:
    value = rate.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LONGEST_DAYS:
        raise ValueError(f"{name} is not a whole number of 0 to {LONGEST_DAYS}")
    return value


# -------------------------------------------------------------------------------------------- where it may connect to


class _GuardedBackend(BoundedBackend):
    """Connects to the address that was checked, so that a name cannot become another address in between."""

    def __init__(self, *, allows_private: bool) -> None:
        super().__init__()
        self.allows_private = allows_private

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        address = checked_address(host, port, allows_private=self.allows_private)
        return super().connect_tcp(address, port, timeout, local_address, socket_options)


def checked_address(host: str, port: int, *, allows_private: bool) -> str:
    """An address of this host. Raises httpcore.ConnectError where it has none, or one that is not of the internet."""
    try:
        found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"{host} has no address ({error})") from error
    if not allows_private and not all(is_public(address) for address in found):
        raise httpcore.ConnectError(f"{host} is an address of a private network")
    return found[0]


def is_public(address: str) -> bool:
    """Whether this is an address of the internet: no loopback, no private network, no link, no multicast."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None)
    parsed = mapped or parsed
    return parsed.is_global and not parsed.is_multicast


def _transport(backend: httpcore.NetworkBackend) -> httpx.HTTPTransport:
    transport = httpx.HTTPTransport(verify=trusted())
    transport._pool = httpcore.ConnectionPool(
        ssl_context=trusted(), max_connections=1, max_keepalive_connections=0, network_backend=backend
    )
    return transport
