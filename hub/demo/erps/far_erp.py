"""What the demonstration, chaos runs, benchmarks and tests know of an ERP: one module in this package for each.

It stands on the other side of the wire: it makes the system, fills it and reads what it holds there, without the
connector. Documents of all ERPs are read in one shape, so that what judges them knows no ERP.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

from hub.connectors.documents import LineKind
from hub.demo.sandbox import Sandbox
from hub.sync.models import Connection

SECRET = "sandbox"
# Store code, dash, order number in base 36, two check characters; see docs on references.
_TOKEN = re.compile(r"([A-Z0-9]{1,4})-([0-9A-Z]+)[0-9A-Z]{2}")
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

TAXES = (
    ("VAT", "0.19", "VAT19"),
    ("VAT", "0.07", "VAT7"),
    ("", "0", "VAT0"),
    ("Sales tax", "0.0825", "CA825"),
)
"""Title in the store, rate, tax code: the far sides are all set up with the same codes."""

OrderedLine = tuple[str, int, Decimal]
"""Item number, quantity, price of one without tax."""
Identity = tuple[str, int]
"""Code of the store's connection, number of its order."""


@dataclass(frozen=True, slots=True)
class Codes:
    """What the mappings of the demonstration say, in the ERP's own codes."""

    taxes: tuple[tuple[str, str, str], ...]
    """Title in the store ("" for untaxed), rate as a fraction, tax code."""
    terms: tuple[tuple[str, int, str, str], ...]
    """Type in the store, days, name there, payment terms code."""
    shipping: tuple[tuple[str, str, str], ...]
    """Title in the store, shipping method code, number of what the charge becomes."""
    charge_kind: LineKind
    """What a shipping charge becomes."""


@dataclass(frozen=True, slots=True)
class Operations:
    """The ERP's operations as fault rules and the request log name them; all but `create` and `read_back` are globs."""

    create: str
    read_back: str
    look_ups: str
    """Those whose answers may lag behind a write."""
    reads: str
    sign_in: str
    """ "" where nothing is asked to sign in."""
    steps: tuple[str, ...] = ()
    """What brings a document on from its create, where that is not all."""
    other_writes: tuple[str, ...] = ()
    """Globs: quotes, credits and return orders made, orders changed and cancelled."""


@dataclass(frozen=True, slots=True)
class FarDocument:
    """A sales order (or the posted invoice that it became) as the ERP itself holds it. Amounts in major units."""

    external_id: str
    number: str
    reference: str
    identity: Identity | None
    """None for a document that is not ours."""
    po_number: str
    customer_number: str
    currency: str
    total: Decimal
    """With tax."""
    quantities: dict[str, Decimal]
    """Of each item, by its number; lines that are no items are left out."""
    is_confirmed: bool = True
    """Whether the ERP works on it: False for a draft."""
    is_cancelled: bool = False
    terms: str = ""
    """The code of its payment terms."""
    comments: str = ""
    """Every text that people there read beside its fields."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the ERP is: options of the simulated system, and what the connection must know of them."""

    options: dict[str, Any]
    config: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FarQuote:
    """A quote as the ERP itself holds it; `key` is what people there name it by."""

    key: str
    po_number: str


class QuotesThere(ABC):
    """An ERP whose clerks answer quote requests."""

    @abstractmethod
    def quotes(self, sandbox: Sandbox, name: str) -> list[FarQuote]:
        """What it holds now; a quote that became an order is gone."""

    @abstractmethod
    def price_quote(self, sandbox: Sandbox, name: str, quote: FarQuote, price: Decimal) -> None:
        """A clerk sets the unit price of the quote's first line, in the quote's currency."""


class CreditsThere(ABC):
    """An ERP whose clerks credit orders themselves."""

    @abstractmethod
    def credit(self, sandbox: Sandbox, name: str, document: FarDocument, price: Decimal) -> None:
        """A clerk credits one piece of an invoiced order at this unit price, and its tax."""


@dataclass(frozen=True, slots=True)
class FarReturn:
    """A return order as the ERP itself holds it; `identity` is the return's: its store's code and its number there."""

    external_id: str
    identity: Identity | None
    awaits_goods: bool
    """Whether it was approved, and the warehouse can receive it."""


class ReturnsThere(ABC):
    """An ERP whose clerks decide about returns and take the goods back."""

    @abstractmethod
    def returns(self, sandbox: Sandbox, name: str) -> list[FarReturn]:
        """What return orders it holds."""

    @abstractmethod
    def decide_return(self, sandbox: Sandbox, name: str, returned: FarReturn, *, is_approved: bool) -> None:
        """A clerk approves or declines what waits for a decision."""

    @abstractmethod
    def take_back(self, sandbox: Sandbox, name: str, returned: FarReturn) -> None:
        """The warehouse receives all of it, and a clerk credits it."""


class FarErp(ABC):
    """One kind of ERP on the far side."""

    system: ClassVar[str]
    """The connector's key."""
    label: ClassVar[str]
    code: ClassVar[str]
    """Of the connection."""
    time_zone: ClassVar[str] = "UTC"
    """In which it dates its documents."""
    codes: ClassVar[Codes]
    operations: ClassVar[Operations]
    is_real: ClassVar[bool] = False
    """Whether a real server works behind it, as slowly as it does."""
    credit_records: ClassVar[str] = ""
    credit_total: ClassVar[str] = ""
    """Under which names the sandbox tells them, and what each comes to."""
    calls_an_order: ClassVar[float] = 1 + 1 / 20
    """At most, of a clean order in a backlog: its create, and its share of what is asked for many."""
    prompt: ClassVar[Mapping[str, Any]] = {}
    """Options of a system that answers with all it knows, for tests that are about something else."""

    def start(self, stack: ExitStack) -> None:
        """Start what runs outside the sandbox, until the stack is left. Nothing by default."""
        return

    def make(self, sandbox: Sandbox, name: str, **options: Any) -> None:
        """Make a fresh system of this name in the sandbox, with the items and customers of `hub.demo.goods`."""
        sandbox.create("erp", name, **{"profile": "empty", **options})
        sandbox.seed("erp", name, self.master_data())

    def connect(
        self, sandbox: Sandbox, name: str, *, title: str, code: str, config: Mapping[str, str], **fields: str
    ) -> Connection:
        """A connection to the system of this name; `config` is put over the settings that it needs."""
        return Connection.objects.create(
            system=self.system,
            name=title,
            code=code,
            config={**self.settings(f"{sandbox.url}/erps/{name}", name), **config},
            secrets=self.secrets(name),
            **fields,
        )

    @abstractmethod
    def master_data(self) -> dict[str, Any]:
        """Items and customers of `hub.demo.goods` as the simulated system is seeded."""

    @abstractmethod
    def settings(self, address: str, name: str) -> dict[str, str]:
        """What the connection's page asks for, for the system of this name at this address."""

    @abstractmethod
    def secrets(self, name: str) -> dict[str, str]:
        """What the connection's page asks for and never shows again."""

    @abstractmethod
    def documents(self, sandbox: Sandbox, name: str) -> list[FarDocument]:
        """Every document that the system holds, oldest first."""

    @abstractmethod
    def pace(self, *, concurrency: int, latency: float, rate: float) -> Pace:
        """Requests at once, seconds each takes, requests a second; 0 is no limit."""

    @abstractmethod
    def identity_of_create(self, request: Mapping[str, Any]) -> Identity | None:
        """Whose order a create in the sandbox's request log was."""

    @abstractmethod
    def enter_order(
        self, sandbox: Sandbox, name: str, customer: str, lines: Sequence[OrderedLine], po_number: str
    ) -> str:
        """A clerk enters an order that came by phone, and accepts it; returns its id."""

    @abstractmethod
    def ship(self, sandbox: Sandbox, name: str, document: FarDocument, quantity: int, tracking: str) -> None:
        """A clerk ships so many pieces of the order's first line in one parcel."""

    @abstractmethod
    def change_quantity(self, sandbox: Sandbox, name: str, document: FarDocument, quantity: int) -> None:
        """A clerk changes how many pieces of the order's first line are ordered."""

    @abstractmethod
    def cancel_order(self, sandbox: Sandbox, name: str, document: FarDocument) -> None:
        """A clerk takes back an order of which nothing was shipped, as is done there."""

    @abstractmethod
    def invoice(self, sandbox: Sandbox, name: str, document: FarDocument) -> None:
        """A clerk invoices the order, and ships what of it was not."""

    def credited(self, sandbox: Sandbox, name: str) -> list[Decimal]:
        """What each credit memo comes to, taxes included, oldest first."""
        records = sandbox.truth(kind="erp", name=name)["erps"][name][self.credit_records]
        return [Decimal(str(record[self.credit_total])) for record in records]

    def show_parcels(self, sandbox: Sandbox, name: str, connection: Connection) -> None:
        """Let the hub read tracking numbers, where that takes more than the plain connection. Nothing by default."""
        return

    def bearer(self, stored: str) -> str:
        """What the ERP is shown of the token that the hub keeps for it."""
        return stored

    def expire_tokens(self, sandbox: Sandbox, name: str) -> None:
        """Make every token that was issued so far worthless."""
        sandbox.act("erp", name, "expire_tokens", {})

    def sent(self, sandbox: Sandbox, name: str) -> int:
        """How many creates it has carried out or refused."""
        return self.requests(sandbox, name)[self.operations.create]

    def requests(self, sandbox: Sandbox, name: str) -> Counter[str]:
        """How often each operation was asked of it."""
        return Counter(sandbox.truth(kind="erp", name=name)["erps"][name]["requests"])


def sum_of_items(lines: Iterable[tuple[str, object]]) -> dict[str, Decimal]:
    """The quantity of each item in lines of (item number, quantity): one line may have become two."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for number, quantity in lines:
        sums[number] += Decimal(str(quantity))
    return dict(sums)


def identity_in(reference: str) -> Identity | None:
    """The identity that a reference ends with, read as the documentation says, not by our own code."""
    found = _TOKEN.fullmatch(reference.rpartition("/")[2])
    return (found[1], int(found[2], 36)) if found else None


def identity_of_return(reference: str) -> Identity | None:
    """The store's code and the number of its return that a return order's reference names."""
    return identity_in(reference.removeprefix("RA-")) if reference.startswith("RA-") else None


def identity_text(identity: Identity) -> str:
    """Store code and number as they stand in every reference of this order, without its check characters."""
    code, number = identity
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return f"{code}-{digits}"
