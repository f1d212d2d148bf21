"""Measuring how long batches of a loaded model run."""
