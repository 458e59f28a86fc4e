"""What a process has loaded is not looked at again; what becomes garbage later is still collected."""

from __future__ import annotations

import gc
import weakref

import pytest

from hub.lib.collector import settle_loaded


class Loop:
    """An object that only the collector can free."""

    def __init__(self):
        self.itself = self


@pytest.fixture(autouse=True)
def _collector_as_before():
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def test_what_is_loaded_leaves_the_collections():
    loaded = Loop()

    settle_loaded()

    assert gc.get_freeze_count() > 1000
    assert not any(found is loaded for found in gc.get_objects())


def test_garbage_of_later_is_collected():
    settle_loaded()
    garbage = weakref.ref(Loop())
    assert garbage() is not None

    gc.collect()

    assert garbage() is None
