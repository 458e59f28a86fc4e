"""One run from start to verdict, and what is printed about it."""

from __future__ import annotations

from benchmarks.chaos.crowd import Crowd
from benchmarks.chaos.game import WORKERS, Game, Phase
from benchmarks.chaos.stage import Stage, staged
from benchmarks.chaos.timing import timing_for
from hub.demo.erps.far_erp import FarErp
from hub.sync.models import ApiCall, Attempt, Connection, Cursor, Lease, ReviewItem, SyncTask, TaskHistory

RATE = 15.0


class WentWrong(Exception):
    """The run showed something wrong; it has been printed."""


def run(far: FarErp, count: int, seed: int, *, is_brief: bool = False) -> None:
    """Both phases; raises WentWrong where either shows something wrong."""
    with staged(far, timing_for(count, is_real=far.is_real, is_brief=is_brief)) as stage:
        crowd = Crowd(stage, seed, size=WORKERS, kills=3 if is_brief else max(6, count // 50))
        game = Game(stage, seed, crowd)
        try:
            game.prepare()
            main = game.main_phase(
                count,
                rate=RATE,
                stops=max(1, count // 400),
                # Not in a test: others use the same server.
                crashes=0 if is_brief else max(1, count // 700),
                web_kills=0 if is_brief else max(1, count // 200),
            )
            _print_main(main, crowd, seed)
            _print_web(stage, game)
            if game.crashes:
                print(f"database's server by SIGKILL: {', '.join(game.crashes)}", flush=True)
            if main.findings:
                _print_replay(stage, count, seed)
                raise WentWrong
            both = game.both_ways_phase(
                count,
                rate=RATE,
                kills=2 if is_brief else max(3, count // 100),
                web_kills=0 if is_brief else max(2, count // 100),
            )
            _print_both(both)
            _print_web(stage, game)
            if both.findings:
                _print_replay(stage, count, seed)
                raise WentWrong
            late = game.late_phase(max(8 if is_brief else 12, count // 50), rate=RATE)
            _print_late(late)
            if game.resumed:
                print(f"paused and resumed: {'; '.join(game.resumed)}", flush=True)
        finally:
            crowd.end()
        if late.findings:
            _print_replay(stage, count, seed)
            raise WentWrong


def _print_main(phase: Phase, crowd: Crowd, seed: int) -> None:
    kinds = {
        kind: sum(f.kind == kind for f in phase.findings)
        for kind in ("lost", "wrong", "doubled", "not confirmed", "not written back")
    }
    changes = sum(bool(p.planned.change) for p in phase.placed)
    print(
        f"{len(phase.placed)} orders, {changes} changed by their buyers, in {phase.seconds:.0f} s", flush=True
    )
    print(f"faults of seed {seed}: digest {phase.digest}")
    print("  " + ", ".join(f"{kind} {count}" for kind, count in phase.faults.items()))
    print(f"{len(crowd.killed)} workers killed: {'; '.join(crowd.killed)}")
    print(f"{len(crowd.stopped)} stopped past their lease: {', '.join(crowd.stopped)}")
    print(f"{phase.held} edited orders held for a person, with both totals")
    print(", ".join(f"{count} {kind}" for kind, count in kinds.items()), flush=True)
    _print_findings(phase)


def _print_both(phase: Phase) -> None:
    kinds = {kind: sum(f.kind == kind for f in phase.findings) for kind in ("lost", "wrong", "doubled")}
    print(
        f"both ways, in {phase.seconds:.0f} s, {phase.done}: "
        + ", ".join(f"{count} {kind}" for kind, count in kinds.items()),
        flush=True,
    )
    _print_findings(phase)


def _print_web(stage: Stage, game: Game) -> None:
    print(
        f"web server by SIGKILL so far: {stage.web.kills} times, {game.died} requests of partners and staff sent again",
        flush=True,
    )


def _print_late(phase: Phase) -> None:
    print(
        f"beyond settling: {len(phase.placed)} orders in {phase.seconds:.0f} s, {phase.doubles} doubled, "
        f"{sum(f.kind == 'doubled in silence' for f in phase.findings)} of them not in review; "
        f"digest {phase.digest}",
        flush=True,
    )
    _print_findings(phase)


def _print_findings(phase: Phase) -> None:
    for finding in phase.findings:
        print(f"  {finding}")


def _print_replay(stage: Stage, count: int, seed: int) -> None:
    keep_state(stage)
    print(f"Replay: make chaos ERP={stage.far.system} N={count} SEED={seed}")
    print(f"Logs of workers, web and sandbox: {stage.folder}", flush=True)


def keep_state(stage: Stage) -> None:
    """Write what our tables hold: the database is dropped with the run."""
    with (stage.folder / "state.txt").open("w") as state:
        for model in (Connection, SyncTask, ReviewItem, Attempt, Cursor, Lease, TaskHistory, ApiCall):
            for row in model._default_manager.order_by("pk"):
                facts = {f.attname: str(getattr(row, f.attname)) for f in row._meta.concrete_fields}
                state.write(f"{model.__name__} {facts}\n")
