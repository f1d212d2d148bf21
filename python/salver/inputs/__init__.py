"""Inputs of models, by their signatures: checked, made up, and as messages of the wire."""
