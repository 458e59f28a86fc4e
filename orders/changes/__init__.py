"""What changes on one side after both held the order, and what that means for the other."""
