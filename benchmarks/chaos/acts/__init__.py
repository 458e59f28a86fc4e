"""What people and partners do in the phase of both ways: a file for each kind of act, with how it is judged."""
