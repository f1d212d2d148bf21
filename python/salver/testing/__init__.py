"""Fakes for tests of servables, loaders and the server itself; no sockets, no extension."""
