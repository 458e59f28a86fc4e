"""Plans that PostgreSQL may choose by its statistics, chosen on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection as database
from django.db.models import Model


@contextmanager
def every_row_asks_its_subquery_anew(model: type[Model]) -> Iterator[None]:
    """Within: nested loops without a memory, so a subquery in `IN (…)` is run once for each row looked at."""
    off = ("hashjoin", "mergejoin", "hashagg", "sort", "material", "memoize", "indexscan", "bitmapscan")
    with database.cursor() as cursor:
        cursor.execute(f"ANALYZE {model._meta.db_table}")
        for name in off:
            cursor.execute(f"SET LOCAL enable_{name} TO off")
        yield
        for name in off:
            cursor.execute(f"SET LOCAL enable_{name} TO DEFAULT")
