"""The folder in which the processes of a host add up their Prometheus figures."""

from __future__ import annotations

import psutil

from hub.embedded.places import clone_folder


def metrics_environment() -> dict[str, str]:
    """For a process whose figures count. prometheus_client looks at it once, when it is first imported."""
    folder = clone_folder("metrics")
    # Figures of processes that are gone: the folder must not grow with every restart.
    for path in folder.glob("*.db"):
        pid = path.stem.rpartition("_")[2]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            path.unlink(missing_ok=True)
    return {"PROMETHEUS_MULTIPROC_DIR": str(folder)}
