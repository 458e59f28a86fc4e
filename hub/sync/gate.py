"""Who runs in this process: everybody beside each other, or one task alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """Runs pass it together until somebody closes it to be alone. Safe to share between threads."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.inside = 0
        self.is_closed = False

    @contextmanager
    def among_others(self) -> Iterator[None]:
        """Run beside the others; waits while somebody is alone."""
        with self.changed:
            self.changed.wait_for(lambda: not self.is_closed)
            self.inside += 1
        try:
            yield
        finally:
            with self.changed:
                self.inside -= 1
                if self.is_closed:
                    self.changed.notify_all()

    def close(self, patience: float) -> bool:
        """Let nobody else begin, and wait until the others have ended, no longer than `patience` seconds.

        True: the caller is alone, and opens the gate when it has finished. False: it was given up.
        """
        with self.changed:
            if not self.changed.wait_for(lambda: not self.is_closed, patience):
                return False
            self.is_closed = True
            if self.changed.wait_for(lambda: not self.inside, patience):
                return True
        self.open()
        return False

    def open(self) -> None:
        """Let the others go on."""
        with self.changed:
            self.is_closed = False
            self.changed.notify_all()
