"""Orders under scripted faults and killed workers, judged by what the far systems hold. See docs/chaos.md."""
