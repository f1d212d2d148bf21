"""What a flag is."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TypeAlias

FlagValue: TypeAlias = bool | int | float | str


class Effect(enum.Enum):
    """What giving a flag does."""

    HONOURED = enum.auto()
    """It does what its help says."""
    INERT = enum.auto()
    """It changes nothing; a value other than `Flag.actual`, the behaviour there is, gets a warning at start."""
    REFUSED = enum.auto()
    """Going on without it would be unsafe: a value other than `Flag.actual` stops the start."""


@dataclass(frozen=True, kw_only=True)
class Flag:
    """One flag; its type is that of its default."""

    name: str
    """With underscores; hyphens are accepted in their place."""
    default: FlagValue
    help: str
    """One or more sentences for the operator."""
    group: str
    """Heading in the help text."""
    minimum: int | float | None = None
    """Smallest number accepted."""
    maximum: int | float | None = None
    """Largest number accepted."""
    choices: tuple[str, ...] = ()
    """The only texts accepted; empty takes any."""
    effect: Effect = Effect.HONOURED
    actual: FlagValue | None = None
    """For a flag that is not honoured: the value that describes how the server behaves."""

    @property
    def kind(self) -> type[FlagValue]:
        """The type of its values."""
        return type(self.default)

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"SALVER_{self.name.upper()}"
