"""The back office as a site: what all of its pages share. Its menu is `hub/navigation.py`."""
