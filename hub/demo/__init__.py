"""A world to try Concord in: sandbox stores and an ERP, connected and mapped.

Used by the demo, tests and benchmarks.
"""
