"""Stand-ins that tests share."""

from __future__ import annotations

from tests.fakes.hooks import FreeHooks

__all__ = ["FreeHooks"]
