"""Simulated far systems over real HTTP: own process, own state.

An island: imports nothing of ours, no Django.
"""
