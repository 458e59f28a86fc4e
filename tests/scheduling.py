"""Which tests go to one process together: those of a file, but for a few files."""

from __future__ import annotations

import re

from xdist.scheduler import LoadFileScheduling

# To start Tryton takes many seconds of CPU: its tests share the server of one process.
TOGETHER = re.compile(r"tests/connectors/tryton/test_real_")
# Half a minute and more, and each round needs nothing of the others.
BY_PARAMETER = re.compile(r"(tests/(?:access/test_doors|conformance/test_capabilities)\.py)::.*?\[([^-\]]+)")


class Scheduling(LoadFileScheduling):
    """Hands files to the processes of a run; `--dist loadfile` asks for it."""

    def _split_scope(self, nodeid: str) -> str:
        if together := TOGETHER.match(nodeid):
            return together[0]
        if round_of := BY_PARAMETER.match(nodeid):
            return "::".join(round_of.groups())
        return LoadFileScheduling._split_scope(self, nodeid)
