"""What clients are made of, whichever way they wait for answers."""

from __future__ import annotations

import random
from typing import Any, Unpack

from salver.client.address import read_address
from salver.client.call import Call, call_of
from salver.client.call_options import CallOptions
from salver.client.client_options import ClientOptions, ClientSettings
from salver.client.operation import Operation
from salver.client.retry import Attempts


class BaseClient:
    """Where a client asks, and how its calls are made."""

    def __init__(self, address: str, **options: Unpack[ClientOptions]) -> None:
        """Read what is given; arguments and errors as those of `Client`."""
        self._settings = ClientSettings(**options)
        self._address = read_address(address)
        self._chance = random.random

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._address)!r})"

    def _call(self, options: CallOptions) -> Call:
        return call_of(self._settings, options, default_timeout_s=self._settings.timeout_s)

    def _stream(self, options: CallOptions) -> Call:
        """One that takes any time, unless it is told otherwise."""
        return call_of(self._settings, options, default_timeout_s=None)

    def _attempts(self, operation: Operation[Any], call: Call) -> Attempts:
        policy = self._settings.retry_policy
        return Attempts(policy, call.deadline, is_repeatable=operation.is_repeatable, chance=self._chance)
