"""Orders under scripted faults and killed workers, judged by the sandbox's truth. See docs/chaos.md."""
