"""The sandbox as the far side of every scenario."""

from __future__ import annotations

from tests.sandbox_fixtures import hub, make_hub, sandbox_server, shared_database

__all__ = ["hub", "make_hub", "sandbox_server", "shared_database"]
