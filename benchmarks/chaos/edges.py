"""Commits of this process by name and number, and the one at which it ends by SIGKILL.

An edge is named for what is committed and by whom ("push_order_to_erp: INSERT sync_attempt"), so that the
same name means the same place in every run, whatever other threads do in between.
"""

from __future__ import annotations

import os
import re
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_WRITE = re.compile(r"\b(INSERT INTO|UPDATE|DELETE FROM)\s+\"?([a-z_]+)\"?", re.IGNORECASE)
_IS_WRITE = re.compile(r"\s*(INSERT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)
# Bookkeeping that belongs to no order, and words that follow UPDATE without being tables (FOR UPDATE SKIP,
# DO UPDATE SET).
_ASIDE = re.compile(r"sync_(lease|worker|governor|apicall|schedule|alert)|skip|set|of", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class KillPoint:
    """The `number`-th commit of that name ("" for any commit), just before it or just after it."""

    edge: str
    number: int
    when: str

    def __str__(self) -> str:
        return f"{self.when} commit {self.number}" + (f" of [{self.edge}]" if self.edge else "")


class Ledger:
    """What this process has committed. Closed until `open`."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.counts: Counter[str] = Counter()
        self.is_open = False
        self.is_exact = False
        self.kill: KillPoint | None = None
        self.journal: Path | None = None
        self.who: Callable[[], str] = str

    def open(self, kill: KillPoint | None, journal: Path | None, who: Callable[[], str]) -> None:
        """Count from now on; `who` says who commits in this thread.

        With a named kill point or a journal, single statements get a transaction each, so that what changes
        no row is no edge, and "before" means written but not committed.
        """
        self.kill, self.journal, self.who = kill, journal, who
        self.is_exact = journal is not None or bool(kill and kill.edge)
        self.is_open = True

    @contextmanager
    def passing(self, writes: str) -> Iterator[None]:
        """Around a commit."""
        number = self.begin(writes)
        yield
        self.end(writes, number)

    def begin(self, writes: str) -> int:
        """The number of the commit that comes now, among those of its name."""
        edge = self._named(writes)
        with self.lock:
            self.counts[edge] += 1
            self.counts[""] += 1
            number, among_all = self.counts[edge], self.counts[""]
            if self.journal:
                with self.journal.open("a") as lines:
                    lines.write(f"{number}\t{edge}\n")
        self._end_here(edge, number, among_all, "before")
        return number if self.is_exact else among_all

    def end(self, writes: str, number: int) -> None:
        """The commit has happened."""
        self._end_here(self._named(writes), number, number, "after")

    def _named(self, writes: str) -> str:
        return f"{self.who()}: {writes}"

    def _end_here(self, edge: str, number: int, among_all: int, when: str) -> None:
        kill = self.kill
        if kill is None or kill.when != when or kill.edge not in ("", edge):
            return
        if kill.number == (number if kill.edge else among_all):
            os.kill(os.getpid(), signal.SIGKILL)


LEDGER = Ledger()


def writes_of(sql: str) -> str:
    """What a statement writes, in order, without bookkeeping; "" for one that writes nothing that counts."""
    if not _IS_WRITE.match(sql):
        return ""
    found = [
        f"{verb.split()[0].upper()} {table}"
        for verb, table in _WRITE.findall(sql)
        if not _ASIDE.fullmatch(table)
    ]
    return " ".join(dict.fromkeys(found))
