"""The sandbox as the far side of the runs that need no processes of their own."""

from __future__ import annotations

from tests.sandbox_fixtures import hub, make_hub, sandbox_server, shared_database

__all__ = ["hub", "make_hub", "sandbox_server", "shared_database"]
