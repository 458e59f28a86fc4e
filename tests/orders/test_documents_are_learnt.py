"""What threads share must be ready before they start."""

from __future__ import annotations

import subprocess
import sys

LEARNT = """
import django
django.setup()
import orders.mirroring
from hub.connectors.documents import PlacedLine, PlacedOrder
print(all(hasattr(kind, "__msgspec_cache__") for kind in (PlacedOrder, PlacedLine)))
"""


def test_the_order_document_is_known_to_msgspec_before_any_thread_converts_one():
    """Two threads that made msgspec learn it at once ended their worker by a segmentation fault."""
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LEARNT], capture_output=True, text=True, check=True
    )

    assert told.stdout.strip() == "True"
