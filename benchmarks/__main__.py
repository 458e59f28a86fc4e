"""`python -m benchmarks [--quick] [NAME …]`: print each figure; exit 1 where one misses its mark."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator

import django

from benchmarks.report import Figure

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")
LATENCY_SECONDS, QUICK_LATENCY_SECONDS = 300.0, 20.0
ORDERS, QUICK_ORDERS = 1_000_000, 50_000


def sections(*, is_quick: bool) -> dict[str, Callable[[], Iterator[Figure]]]:
    """Every benchmark by its name, in the order they run."""
    from benchmarks import back_office, engine, ingest, latency, orders

    seconds = QUICK_LATENCY_SECONDS if is_quick else LATENCY_SECONDS

    return {
        "throughput": lambda: (engine.throughput(count) for count in (1, 50)),
        "claims": engine.claim_p99,
        "ceiling": lambda: orders.ceiling(3.0),
        "back-office": lambda: back_office.back_office(QUICK_ORDERS if is_quick else ORDERS),
        "ingest": lambda: ingest.ingest(1.0 if is_quick else 4.0),
        "saturation": lambda: orders.saturation(300 if is_quick else 600),
        "calls": lambda: orders.calls(200 if is_quick else 1000),
        "latency": lambda: latency.latency(seconds),
        "latency-of-many": lambda: latency.latency_of_many(seconds),
    }


def main(words: list[str]) -> int:
    """Run these sections, or all."""
    django.setup()
    from benchmarks import database

    names = [word for word in words if not word.startswith("--")]
    known = sections(is_quick="--quick" in words)
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"No benchmark is called {', '.join(unknown)}. There are: {', '.join(known)}.")
        return 2
    database.make_anew()
    missed = 0
    try:
        for name in names or known:
            print(f"== {name}", flush=True)
            for figure in known[name]():
                print(figure, flush=True)
                missed += not figure.holds
    finally:
        database.drop()
    print(f"{missed} figures miss their mark" if missed else "every figure holds")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
