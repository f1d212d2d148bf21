"""The console: a page for operators, built from `console/` at the root of the repository into `static/`."""
