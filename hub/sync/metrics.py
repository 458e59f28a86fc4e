"""Prometheus metrics: counters of this process, and gauges read from the database when somebody asks."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import DatabaseError, InterfaceError
from django.db import connection as database
from prometheus_client import Counter
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from hub.sync import leases

DELIVERIES = Counter("concord_webhooks_stored_total", "Webhook deliveries stored, duplicates included.")
REFUSED = Counter("concord_webhooks_refused_total", "Webhooks refused unread.", ["reason"])
BATCHES_FAILED = Counter(
    "concord_webhook_batches_failed_total",
    "Batches of deliveries that failed inside and were received one at a time, which is slow.",
    ["error"],
)
FAILED = Counter("concord_webhooks_failed_total", "Deliveries that failed inside by themselves, flagged.")
FREIGHT = Counter(
    "concord_freight_answers_total",
    "Rate requests of checkouts, by what answered them: live, table, last, nothing (to carry), none (knew a price).",
    ["source"],
)

_STATES = {0: "waiting", 1: "running", 2: "blocked", 3: "held", 4: "quarantined"}

_GAUGES = (
    (
        "concord_review_items_open",
        "Review items waiting for a person.",
        "SELECT count(*) FROM sync_reviewitem WHERE state = 'open'",
    ),
    (
        "concord_alerts_open",
        "Alerts that are not closed.",
        "SELECT count(*) FROM sync_alert WHERE closed_at IS NULL",
    ),
    (
        "concord_connections_paused",
        "Connections that are paused.",
        "SELECT count(*) FROM sync_connection WHERE paused_at IS NOT NULL",
    ),
    (
        "concord_attempts_open",
        "Remote writes with an unknown outcome.",
        "SELECT count(*) FROM sync_attempt WHERE state = 'open'",
    ),
    (
        "concord_deliveries_new",
        "Deliveries not received yet.",
        "SELECT count(*) FROM sync_webhookdelivery WHERE state = 0",
    ),
    (
        "concord_oldest_due_task_seconds",
        "How long the oldest due task has waited.",
        "SELECT COALESCE(EXTRACT(EPOCH FROM now() - min(due_at)), 0) FROM sync_synctask"
        " WHERE state = 0 AND due_at <= now()",
    ),
)


class DatabaseGauges(Collector):
    """What the tables say now; the same answer from every process."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One family for each number, tasks by flow and state; without a database only that it does not answer."""
        try:
            found = [*self._read()]
        except (DatabaseError, InterfaceError):
            found = []
        yield GaugeMetricFamily(
            "concord_database_up", "Whether the database answers.", value=float(bool(found))
        )
        yield from found

    def _read(self) -> Iterator[GaugeMetricFamily]:
        yield GaugeMetricFamily("concord_workers_live", "Drains that live.", value=float(leases.count_live()))
        with database.cursor() as cursor:
            tasks = GaugeMetricFamily("concord_tasks", "Open tasks.", labels=["flow", "state"])
            cursor.execute("SELECT flow, state, count(*) FROM sync_synctask GROUP BY flow, state")
            for flow, state, count in cursor.fetchall():
                tasks.add_metric([flow, _STATES[state]], count)
            yield tasks
            for name, words, query in _GAUGES:
                cursor.execute(query)
                yield GaugeMetricFamily(name, words, value=float(cursor.fetchone()[0]))
