"""How work is remembered, run and shown: connections, tasks, leases, reviews."""
