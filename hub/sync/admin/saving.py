"""Two people save what only one may have: the later one is told so, as if the other had been there before."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import psycopg
from django.db import IntegrityError, OperationalError

_T = TypeVar("_T")
# Whoever loses again and again has more than one neighbour.
MOST_TRIES = 3


def once_more(save: Callable[[], _T]) -> _T:
    """Check and save; where somebody else was quicker between the two, from the beginning.

    The database takes one of two such rows and refuses the other once the first is committed. A second try sees the
    first one, and its checks say what is wrong and where. `save` is one transaction, so that nothing of a refused
    try stays. Raises what the last try raised.
    """
    for _ in range(MOST_TRIES - 1):
        try:
            return save()
        except IntegrityError:
            continue
        except OperationalError as error:
            # Each waits for a row of the other, and the database ends one of them.
            if not isinstance(error.__cause__, psycopg.errors.DeadlockDetected):
                raise
    return save()
