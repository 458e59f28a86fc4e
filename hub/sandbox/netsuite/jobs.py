"""Asynchronous jobs: taken at once, worked off by a few processors, each record taking its time.

Nothing runs by itself: what is due is done when the next request arrives, in the order in which it was due.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.sandbox.netsuite import errors
from hub.sandbox.netsuite.reading import COLLECTION, SINGULAR, encode, page
from hub.sandbox.system import Request, Response

BASE = "/services/rest/async/v1/job"
Work = Callable[[], Response]


@dataclass(slots=True)
class Task:
    """One record of a job. Times are seconds of the monotonic clock."""

    number: int
    work: Work
    starts_at: float
    ends_at: float
    response: Response | None = None

    def progress(self, now: float) -> str:
        """ "pending", "processing", "succeeded" or "failed"."""
        if self.response is not None:
            return "succeeded" if self.response.status < 400 else "failed"
        return "processing" if now >= self.starts_at else "pending"


@dataclass(slots=True)
class Job:
    """One submitted request."""

    id: str
    address: str
    tasks: list[Task] = field(default_factory=list)

    @property
    def is_completed(self) -> bool:
        """Whether every record was worked off, well or badly."""
        return all(task.response is not None for task in self.tasks)

    def progress(self, now: float) -> str:
        """A job of one record is as that record is; one of many succeeds when it was worked off."""
        states = {task.progress(now) for task in self.tasks}
        if self.is_completed:
            return "failed" if states == {"failed"} else "succeeded"
        return "pending" if states == {"pending"} else "processing"


class Jobs:
    """All jobs of an account and the processors that work them off."""

    def __init__(self, processors: int, latency: float) -> None:
        self.latency = latency
        self.free_at = [0.0] * processors
        self.jobs: dict[str, Job] = {}
        self.by_key: dict[str, str] = {}
        self.due: list[tuple[float, int, Task]] = []
        self.submitted = 0

    def submit(self, works: list[Work], key: str) -> Job:
        """Take works on; each goes to the processor that is free first."""
        number = len(self.jobs) + 1
        job = Job(str(number), f"{BASE}/{number}")
        now = time.monotonic()
        for place, work in enumerate(works, start=1):
            starts_at = max(now, heapq.heappop(self.free_at))
            ends_at = starts_at + self.latency
            heapq.heappush(self.free_at, ends_at)
            task = Task(place, work, starts_at, ends_at)
            job.tasks.append(task)
            self.submitted += 1
            heapq.heappush(self.due, (ends_at, self.submitted, task))
        self.jobs[job.id] = job
        if key:
            self.by_key[key] = job.address
        return job

    def advance(self) -> None:
        """Do everything that is due by now."""
        now = time.monotonic()
        while self.due and self.due[0][0] <= now:
            task = heapq.heappop(self.due)[2]
            task.response = task.work()

    def answer(self, request: Request, origin: str) -> Response:
        """GET of a job, its tasks, one task or its result. Raises Refusal."""
        if request.method != "GET":
            raise errors.Refusal(405, "METHOD_NOT_ALLOWED", "Jobs can only be read.")
        segments = request.path.removeprefix(BASE).strip("/").split("/")
        job = self.jobs.get(segments[0])
        if job is None:
            raise errors.no_record("job", segments[0])
        match segments[1:]:
            case []:
                return _answer(self._job(job, origin))
            case ["task"]:
                return _answer(_tasks(job, origin), COLLECTION)
            case ["task", number]:
                return _answer(self._task(job, _task_of(job, number), origin))
            case ["task", number, "result"]:
                return _result(_task_of(job, number))
        raise errors.no_resource(request.path)

    def _job(self, job: Job, origin: str) -> dict[str, Any]:
        address = origin + job.address
        now = time.monotonic()
        return {
            "links": [{"rel": "self", "href": address}],
            "completed": job.is_completed,
            "id": job.id,
            "progress": job.progress(now),
            "task": {"links": [{"rel": "self", "href": f"{address}/task"}]},
            **_times(
                min(t.starts_at for t in job.tasks), max(t.ends_at for t in job.tasks), job.is_completed, now
            ),
        }

    def _task(self, job: Job, task: Task, origin: str) -> dict[str, Any]:
        address = f"{origin}{job.address}/task/{task.number}"
        now = time.monotonic()
        is_done = task.response is not None
        links = [{"rel": "related", "href": f"{address}/result"}] if is_done else []
        return {
            "links": [*links, {"rel": "self", "href": address}],
            "completed": is_done,
            "id": str(task.number),
            "progress": task.progress(now),
            **_times(task.starts_at, task.ends_at, is_done, now),
        }


def _times(starts_at: float, ends_at: float, is_done: bool, now: float) -> dict[str, str]:
    times = {"startTime": starts_at} if now >= starts_at else {}
    if is_done:
        times["endTime"] = ends_at
    today = datetime.now(UTC)
    return {
        name: (today + timedelta(seconds=moment - now)).strftime("%Y-%m-%dT%H:%M:%SZ")
        for name, moment in times.items()
    }


def _tasks(job: Job, origin: str) -> dict[str, Any]:
    address = f"{origin}{job.address}/task"
    items = [{"links": [{"rel": "self", "href": f"{address}/{task.number}"}]} for task in job.tasks]
    return page(items, 0, max(len(items), 1), len(items), address)


def _task_of(job: Job, number: str) -> Task:
    for task in job.tasks:
        if str(task.number) == number:
            return task
    raise errors.no_record("task", number)


def _result(task: Task) -> Response:
    """What the same request would have been answered with, had it waited."""
    if task.response is None:
        raise errors.Refusal(404, "NONEXISTENT_ID", "The task is not completed yet; it has no result.")
    return task.response


def _answer(content: dict[str, Any], media: str = SINGULAR) -> Response:
    return Response(200, encode(content), {"Content-Type": media})
