"""Salver: a model server."""
