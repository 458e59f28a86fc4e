"""A simulated NetSuite account: its REST record service, SuiteQL and asynchronous jobs."""
