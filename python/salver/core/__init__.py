"""Part of Salver."""
