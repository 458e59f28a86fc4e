"""Questions that wait longer than they may: one alert for each kind, for as long as it lasts."""

from __future__ import annotations

from django.db import connection as database

from hub.sync.alerts import close_alert, raise_alert
from hub.sync.models import Alert

_OVERDUE = """
SELECT d.code, d.hours, count(r.id), min(r.created_at)
FROM sync_reviewdeadline d
LEFT JOIN sync_reviewitem r ON r.state = 'open' AND (r.code = d.code OR d.code = '')
    AND r.created_at < now() - make_interval(hours => d.hours)
GROUP BY d.code, d.hours ORDER BY d.code
"""
_CAUSE = "questions wait: "


def tell_overdue() -> int:
    """Open, keep or close the alert of each deadline; returns how many kinds of question are overdue."""
    with database.cursor() as cursor:
        cursor.execute(_OVERDUE)
        found = cursor.fetchall()
    overdue = {
        f"{_CAUSE}{_kind(code)}": (
            f"{count} questions ({_kind(code)}) have waited for more than {hours} hours, the oldest since "
            f"{oldest:%Y-%m-%d %H:%M} UTC. They stand under Review items."
        )
        for code, hours, count, oldest in found
        if count
    }
    told = dict(
        Alert.objects.filter(cause__startswith=_CAUSE, closed_at=None).values_list("cause", "message")
    )
    for cause in told.keys() - overdue.keys():
        close_alert(cause)
    for cause, message in overdue.items():
        if told.get(cause) != message:
            raise_alert(cause, message)
    return len(overdue)


def _kind(code: str) -> str:
    return code.replace("_", " ") or "of any kind"
