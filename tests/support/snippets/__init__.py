"""Runs the fenced blocks of the documentation; how a page is written for it: CONTRIBUTING.md."""
