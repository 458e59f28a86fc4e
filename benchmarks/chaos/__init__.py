"""Orders under scripted faults and killed workers, judged by the sandbox's truth: `make chaos`, docs/chaos.md."""
