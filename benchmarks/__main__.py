"""`python -m benchmarks [--quick] [--erp KEY] [NAME …]`: print each figure; exit 1 where one misses its mark."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator

import django

from benchmarks.report import Figure

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")
LATENCY_SECONDS, QUICK_LATENCY_SECONDS = 300.0, 20.0
ORDERS, QUICK_ORDERS = 1_000_000, 50_000


Sections = dict[str, Callable[[], Iterator[Figure]]]


def sections(erp: str, *, is_quick: bool) -> Sections:
    """Every benchmark by its name, in the order they run: all of them, or those of another ERP."""
    from benchmarks import back_office, carrier, engine, ingest, latency, orders, tryton
    from hub.demo.erps import far_erp
    from hub.demo.erps.netsuite import NetSuiteSide

    seconds = QUICK_LATENCY_SECONDS if is_quick else LATENCY_SECONDS
    far = far_erp(erp)
    about_the_erp: Sections = {
        "ceiling": lambda: orders.ceiling(far, 3.0),
        "saturation": lambda: orders.saturation(far, 300 if is_quick else 600),
        "calls": lambda: orders.calls(far, 200 if is_quick else 1000),
    }
    if far.is_real:
        # How fast it may be asked is not ours to choose.
        return {
            "calls": lambda: orders.calls(far, 20 if is_quick else 200),
            "against-bare": lambda: tryton.against_bare(20 if is_quick else 100),
        }
    if isinstance(far, NetSuiteSide):
        together = {"batches": lambda: orders.saturation_together(far, 60 if is_quick else 300)}
        return about_the_erp | together
    return {
        "throughput": lambda: (engine.throughput(count) for count in (1, 50)),
        "claims": engine.claim_p99,
        "ceiling": about_the_erp["ceiling"],
        "back-office": lambda: back_office.back_office(QUICK_ORDERS if is_quick else ORDERS),
        "ingest": lambda: ingest.ingest(1.0 if is_quick else 4.0),
        "carrier": lambda: carrier.carrier(10.0 if is_quick else 60.0),
        **about_the_erp,
        "latency": lambda: latency.latency(seconds),
        "latency-of-many": lambda: latency.latency_of_many(seconds),
    }


def chosen(words: list[str]) -> argparse.Namespace:
    """What the command line asks for."""
    from hub.demo.erps import DEFAULT, FAR_ERPS

    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer orders, fewer seconds")
    parser.add_argument("--erp", choices=sorted(FAR_ERPS), default=DEFAULT)
    parser.add_argument("names", nargs="*", metavar="NAME")
    return parser.parse_args(words)


def main(words: list[str]) -> int:
    """Run these sections, or all."""
    django.setup()
    from benchmarks import database

    asked = chosen(words)
    known = sections(asked.erp, is_quick=asked.quick)
    unknown = [name for name in asked.names if name not in known]
    if unknown:
        print(f"No benchmark is called {', '.join(unknown)}. There are: {', '.join(known)}.")
        return 2
    database.make_anew()
    missed = 0
    try:
        for name in asked.names or known:
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
