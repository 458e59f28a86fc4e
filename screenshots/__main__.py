"""`make screenshots`: pictures of the main pages in docs/screenshots, and what they were made from."""

from __future__ import annotations

import os
import sys

import django

from screenshots.browser import HOW_TO_INSTALL, chromium


def main() -> int:
    """Make all pictures anew; 1 where there is no browser or a page is not as it should be."""
    if not chromium():
        sys.stderr.write(f"{HOW_TO_INSTALL}\n")
        return 1
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
    django.setup()
    from screenshots.studio import take_all

    faults = take_all()
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
