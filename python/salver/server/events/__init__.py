"""What happens to a server: a bounded log of events, and those who watch it."""
