"""Oracle NetSuite: SuiteTalk REST record service, SuiteQL and asynchronous jobs."""
