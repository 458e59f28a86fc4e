"""Orders: mirrors of both sides, links between them, and the flows that keep them telling one story."""
