"""Detectors: what is wrong with orders although every flow did its part, found by statements over all of them."""
