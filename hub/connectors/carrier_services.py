"""The part of a store that asks somebody else for freight at its checkout (Shopify: carrier services)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from hub.connectors.freight import FreightOffer, FreightQuestion


@dataclass(frozen=True, slots=True)
class CarrierService:
    """A carrier as the store has it. `address` is where its checkout asks."""

    external_id: str
    name: str
    address: str
    is_active: bool


class CarrierServices(ABC):
    """A store's carriers of this app, and the form of its questions.

    What is read and worded needs no connection to the store, so that those are class methods.
    """

    carrier_advice: ClassVar[str]
    """What a person does where the store refuses to have a carrier."""

    @abstractmethod
    def list_carriers(self) -> list[CarrierService]:
        """Every carrier that the store shows to this app, other apps' among them where it shows those."""

    @abstractmethod
    def create_carrier(self, name: str, address: str) -> CarrierService:
        """Make one that is asked from now on. Raises RecordRejected with the store's words."""

    @abstractmethod
    def update_carrier(self, external_id: str, name: str, address: str) -> CarrierService:
        """Give it this name and address, and have it asked. Raises RecordRejected, also where it is gone."""

    @abstractmethod
    def delete_carrier(self, external_id: str) -> None:
        """Delete one; one that is gone already is fine."""

    @classmethod
    @abstractmethod
    def answers_within(cls, requests_per_minute: int) -> float:
        """Seconds that the store waits for an answer at this rate of requests."""

    @classmethod
    @abstractmethod
    def parse_rate_request(cls, body: bytes) -> FreightQuestion:
        """The question in a request; raises ValueError with the reason where nothing can be quoted for it."""

    @classmethod
    @abstractmethod
    def sayable(cls, offers: Sequence[FreightOffer], currency: str) -> list[FreightOffer]:
        """Those that the store can show, exactly, to a buyer of this currency."""

    @classmethod
    @abstractmethod
    def rate_answer(cls, offers: Sequence[FreightOffer], today: date) -> bytes:
        """The answer that the store reads. An empty list says that nothing is shipped there."""
