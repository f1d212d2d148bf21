"""The composition root and what it is made of: start and stop, health, status, metadata, reload."""
