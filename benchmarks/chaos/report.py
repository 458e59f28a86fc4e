"""One run from start to verdict, and what is printed about it."""

from __future__ import annotations

from benchmarks.chaos.crowd import Crowd
from benchmarks.chaos.game import WORKERS, Game, Phase
from benchmarks.chaos.stage import Stage, staged
from benchmarks.chaos.timing import LONG, SHORT
from hub.sync.models import Attempt, Connection, ReviewItem, SyncTask

SHORT_RUN = 300
RATE = 15.0


class WentWrong(Exception):
    """The run showed something wrong; it has been printed."""


def run(count: int, seed: int) -> None:
    """Both phases; raises WentWrong where either shows something wrong."""
    is_short = count <= SHORT_RUN
    with staged(SHORT if is_short else LONG) as stage:
        crowd = Crowd(stage, seed, size=WORKERS, kills=max(6, count // 50))
        game = Game(stage, seed, crowd)
        try:
            main = game.main_phase(count, rate=RATE, stops=max(1, count // 400))
            _print_main(main, crowd, seed)
            late = game.late_phase(max(12, count // 50), rate=RATE)
            _print_late(late)
            if game.resumed:
                print(f"paused and resumed: {'; '.join(game.resumed)}", flush=True)
        finally:
            crowd.end()
        if main.findings or late.findings:
            _print_replay(stage, count, seed)
            raise WentWrong


def _print_main(phase: Phase, crowd: Crowd, seed: int) -> None:
    kinds = {kind: sum(f.kind == kind for f in phase.findings) for kind in ("lost", "wrong", "doubled", "not written back")}
    changes = sum(bool(p.planned.change) for p in phase.placed)
    print(f"{len(phase.placed)} orders, {changes} changed by their buyers, in {phase.seconds:.0f} s", flush=True)
    print(f"faults of seed {seed}: digest {phase.digest}")
    print("  " + ", ".join(f"{kind} {count}" for kind, count in phase.faults.items()))
    print(f"{len(crowd.killed)} workers killed: {'; '.join(crowd.killed)}")
    print(f"{len(crowd.stopped)} stopped past their lease: {', '.join(crowd.stopped)}")
    print(", ".join(f"{count} {kind}" for kind, count in kinds.items()), flush=True)
    _print_findings(phase)


def _print_late(phase: Phase) -> None:
    print(
        f"beyond settling: {len(phase.placed)} orders in {phase.seconds:.0f} s, {phase.doubles} doubled, "
        f"{sum(f.kind == 'doubled in silence' for f in phase.findings)} of them not in review; digest {phase.digest}",
        flush=True,
    )
    _print_findings(phase)


def _print_findings(phase: Phase) -> None:
    for finding in phase.findings:
        print(f"  {finding}")


def _print_replay(stage: Stage, count: int, seed: int) -> None:
    keep_state(stage)
    print(f"Replay: make chaos N={count} SEED={seed}")
    print(f"Logs of workers, web and sandbox: {stage.folder}", flush=True)


def keep_state(stage: Stage) -> None:
    """Write what our tables hold that is still open: the database is dropped with the run."""
    with (stage.folder / "state.txt").open("w") as state:
        for model in (SyncTask, ReviewItem, Attempt):
            rows = model.objects.order_by("pk")  # type: ignore[attr-defined]
            for row in rows.exclude(state="confirmed") if model is Attempt else rows:
                facts = {f.attname: str(getattr(row, f.attname)) for f in row._meta.concrete_fields}
                state.write(f"{model.__name__} {facts}\n")
        for connection in Connection.objects.all():
            state.write(f"{connection} paused: {connection.paused_at} {connection.pause_reason}\n")
