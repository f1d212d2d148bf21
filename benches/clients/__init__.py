"""Programs that call a server as clients of different kinds do, each in a process of its own."""
