"""Who may do what: roles, sign-in, and the page that shows who changed what."""
