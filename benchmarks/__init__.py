"""Performance, as ratios to a limit or a baseline within one run: `make bench`; docs/performance.md."""
