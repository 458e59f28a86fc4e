"""How tests of batches wait: hardly."""

from __future__ import annotations

from hub.connectors.erps.netsuite.batches import Pace

FAST = Pace(linger=0.25, first_look=0.01, longest_look=0.02)
