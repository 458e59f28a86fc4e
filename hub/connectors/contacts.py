"""People of a company."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CompanyContact:
    """A person who may order at a company location; the same person is a customer of the store."""

    external_id: str
    customer_external_id: str
    email: str = ""
    is_main: bool = False
    """Whether it is the company's main contact."""
