"""The documents of the admin API, which the server writes and its clients read, field for field in JSON."""
