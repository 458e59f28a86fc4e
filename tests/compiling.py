"""Compiles the clone's modules once for a run: on a fresh clone each of its processes would, with seconds of CPU.

pytest compiles modules of tests by a way of its own, which tells what was compared where an assertion fails.
"""

from __future__ import annotations

import compileall
import multiprocessing
import os
import sys
from contextlib import suppress

from _pytest.assertion import rewrite

from tests.databases import CLONE, ROOMS

TOOLS = ("tests", "benchmarks", "screenshots")


def compile_all(config):
    """Whatever changed since it was compiled last, on every processor.

    A module that cannot be compiled is left to whoever imports it, and is told there.
    """
    if sys.dont_write_bytecode:
        return
    files = sorted(path for room in (*ROOMS, *TOOLS) for path in (CLONE / room).rglob("*.py"))
    count = os.cpu_count() or 1
    # Forked: they hold pytest's settings, which are part of how it compiles.
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=_compile, args=(config, files[n::count])) for n in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()


def _compile(config, files):
    for path in files:
        if path.name.startswith("test_") or path.name == "conftest.py":
            _compile_as_test(config, path)
        else:
            compileall.compile_file(path, quiet=2)


def _compile_as_test(config, path):
    target = rewrite.get_cache_dir(path) / f"{path.stem}{rewrite.PYC_TAIL}"
    if rewrite._read_pyc(path, target) is None:
        target.parent.mkdir(exist_ok=True)
        with suppress(SyntaxError):
            made_from, code = rewrite._rewrite_test(path, config)
            rewrite._write_pyc(config.stash[rewrite.assertstate_key], code, made_from, target)
