"""The error of a connection."""

from __future__ import annotations

from salver.errors import UnavailableError


class NoAnswerError(UnavailableError):
    """The way to the server failed; nothing that answers calls said UNAVAILABLE.

    Nobody listens there, or something that speaks otherwise; by REST also a connection that broke before the answer.
    """
