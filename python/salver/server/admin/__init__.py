"""What the admin port answers: one table of routes, and a handler in a file of its own for each subject."""
