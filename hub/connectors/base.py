"""What a connector is: a far system's label, limits, config fields, and what the engine lends it.

The parts that it can play are those of a store (store_parts.py) or of an ERP (erp_parts.py). A flow asks a connection
for a part (`connector.supporting(SalesOrders)`) and says what happens where there is none. The engine lends each
connector its `Hooks`: the governor, the token store and the call log. Connectors are plain Python and know neither
Django nor each other.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Protocol, TypeVar

from hub.connectors.capabilities import Capability
from hub.errors import ConnectionBroken

PartT = TypeVar("PartT")


@dataclass(frozen=True, slots=True)
class ConfigField:
    """One setting of a connection: the admin form is built from these."""

    name: str
    label: str
    help: str
    is_secret: bool = False
    is_required: bool = True
    default: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    """(value, label) of each allowed value; empty where anything may be entered."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one credential may do, before the far side has told us better.

    `points_per_second` and `burst` are in the unit the far side counts (Shopify: cost points; elsewhere:
    requests). `concurrency` is how many requests may be in flight at once. `unit` names the unit for people.
    `gathered` is how many writes more may wait for their answer without a request of their own in flight: where they
    are gathered into batches that the far side works off in its own time.
    """

    points_per_second: float
    burst: float
    concurrency: int
    unit: str = "requests"
    gathered: int = 0


@dataclass(frozen=True, slots=True)
class ObservedLimits:
    """What an answer told us of the limits; None where it said nothing.

    `blocked_for` is seconds to stay silent (Retry-After). `refund` is points charged in advance but not used.
    `concurrency` is how many requests may be in flight at once.
    """

    available: float | None = None
    burst: float | None = None
    points_per_second: float | None = None
    blocked_for: float | None = None
    was_throttled: bool = False
    refund: float = 0.0
    concurrency: int | None = None


class CallKind(StrEnum):
    """Whether a request can change the far side: a lost answer to a write is an unknown outcome."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One request as the call log keeps it, secrets removed. `started_at` is UTC, `duration` seconds."""

    operation: str
    kind: CallKind
    method: str
    url: str
    status: int | None
    started_at: datetime
    duration: float
    cost: float | None
    request_id: str
    request_body: str
    response_body: str
    error: str


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token and how many seconds it lives from now."""

    value: str
    expires_in: float


class Hooks(Protocol):
    """What the engine lends a connector. In tests `tests.fakes.FreeHooks` stands in."""

    def acquire(self, cost: float) -> AbstractContextManager[None]:
        """Hold one slot and `cost` points; waits for them, raises RateLimited when that takes too long."""

    def observe(self, limits: ObservedLimits) -> None:
        """Correct the governor by what the far side answered."""

    def before_write(self, deadline: float) -> None:
        """Called before a write with its deadline in seconds; raises NotReadyYet if our lease ends first."""

    def token(self, fetch: Callable[[], Token], rejected: str | None = None) -> str:
        """The stored bearer token.

        Calls `fetch` under a lock when there is none, it expires, or it equals `rejected`.
        """

    def record(self, call: CallRecord) -> None:
        """Write one row of the call log."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of a connection test: what was checked, whether it holds, and what to do where it does not."""

    name: str
    is_ok: bool
    detail: str = ""


class Connector(ABC):
    """Code that speaks to one far system with one credential. Cheap to make; threads may share it."""

    label: ClassVar[str]
    config_fields: ClassVar[tuple[ConfigField, ...]]
    unsupported_capabilities: ClassVar[Mapping[Capability, str]] = {}
    """What this system cannot do, and why, in plain words. Everything else that its side can be asked for works."""

    def __init__(self, config: Mapping[str, str], secrets: Mapping[str, str], hooks: Hooks) -> None:
        self.config = config
        self.secrets = secrets
        self.hooks = hooks

    def supporting(self, part: type[PartT]) -> PartT:
        """This connector as the part asked for; raises ConnectionBroken where it cannot play it."""
        if isinstance(self, part):
            return self
        raise ConnectionBroken(
            f"{self.label} cannot do {part.__name__}. "
            "Choose another ERP for this flow or switch the flow off."
        )

    @classmethod
    @abstractmethod
    def limits(cls, config: Mapping[str, str]) -> Limits:
        """The limits to start with for this configuration (plan, tier)."""

    @classmethod
    @abstractmethod
    def credential_name(cls, config: Mapping[str, str]) -> str:
        """What the far side counts limits by: connections with the same name share limits and lease."""

    @classmethod
    def missing_capabilities(cls, config: Mapping[str, str]) -> Mapping[Capability, str]:
        """What a connection with these settings cannot do, and why: some things need a setting."""
        return cls.unsupported_capabilities

    @abstractmethod
    def test(self) -> list[Check]:
        """Sign in and look around with reads only; names the missing scope or permission.

        Raises no SyncError but Unreachable and RateLimited.
        """

    @abstractmethod
    def close(self) -> None:
        """Close the HTTP connections."""
