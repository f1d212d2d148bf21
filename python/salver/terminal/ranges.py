"""Numbers of options and arguments, which call themselves by words that people use when they refuse something."""

from __future__ import annotations

import click


class WholeNumber(click.IntRange):
    """A whole number between limits."""

    name = "whole number"


class Number(click.FloatRange):
    """A number between limits."""

    name = "number"
