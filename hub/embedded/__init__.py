"""The PostgreSQL server of a clone that was given no DATABASE_URL: binaries of a pip wheel, kept alive by us.

As a Django database engine (`base.py`) it makes sure, before each new connection, that the server runs. No
Django elsewhere in here.
"""
