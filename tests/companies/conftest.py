"""The sandbox as the far side of every test in here."""

from __future__ import annotations

from tests.sandbox_fixtures import hub, sandbox_server, shared_database
from tests.sandbox_fixtures import make_rested_hub as make_hub

__all__ = ["hub", "make_hub", "sandbox_server", "shared_database"]
