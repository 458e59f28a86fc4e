"""`python -m benchmarks.chaos --orders 2000 --seed 7 --erp KEY`, or `--every-edge`; exit 1 where a run goes wrong."""

from __future__ import annotations

import argparse
import os
import signal
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.chaos.settings")


def main() -> int:
    """Run what was asked for."""
    import django

    django.setup()
    from hub.demo.erps import DEFAULT, FAR_ERPS

    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--orders", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--every-edge", action="store_true", help="kill at every commit and request of a push in turn"
    )
    parser.add_argument(
        "--edges", type=int, default=0, help="with --every-edge: only so many, chosen by the seed"
    )
    parser.add_argument(
        "--brief", action="store_true", help="fewer workers die, fewer late orders: for the tests"
    )
    parser.add_argument("--erp", choices=sorted(FAR_ERPS), default=DEFAULT)
    chosen = parser.parse_args()
    # Ended from outside, a run still ends its processes and drops its database.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    from benchmarks.chaos import every_edge, report
    from benchmarks.chaos.report import WentWrong

    far = FAR_ERPS[chosen.erp]()
    try:
        if chosen.every_edge:
            every_edge.run(far, chosen.seed, chosen.edges)
        else:
            report.run(far, chosen.orders, chosen.seed, is_brief=chosen.brief)
    except WentWrong:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
