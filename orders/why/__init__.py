"""Why each value of a document that was sent is what it is: noted when it is sent, shown on the order's page."""
