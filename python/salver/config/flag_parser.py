"""Reading flag values: from the command line, from the environment, from a TOML file.

Grammar of the command line: `--name=value`, `--name value`; booleans also `--name` alone, which is true. Hyphens and
underscores in names are the same. The last of several wins. Everything else is a problem; all are gathered, so that
one start shows all of them.

This is not a CLI library's grammar (underscored names with hyphens as equals, booleans with and without a value, values
from three places out of one table), and importing the common ones takes longer than reading all flags:
docs/decisions/0001-flags.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from salver.config.flag import Flag, FlagValue
from salver.config.flags import FLAGS
from salver.nearest import nearest

_TRUTH = {"true": True, "false": False}


@dataclass(frozen=True)
class Reading:
    """What one place said: good values by flag name, and every problem as one line."""

    values: Mapping[str, FlagValue] = field(default_factory=dict)
    problems: Sequence[str] = ()
    warnings: Sequence[str] = ()


def parse_text(flag: Flag, text: str) -> FlagValue:
    """Turn the text of a value into the flag's type; raises ValueError with the expectation."""
    if flag.kind is str:
        return _checked_choice(flag, text)
    if flag.kind is bool:
        if text not in _TRUTH:
            raise ValueError(f"expected true or false, got {text!r}")
        return _TRUTH[text]
    return _checked_range(flag, _number(flag, text))


def _number(flag: Flag, text: str) -> float:
    number_type, noun = (int, "a whole number") if flag.kind is int else (float, "a number")
    try:
        number = number_type(text)
    except ValueError:
        number = None
    if number is None or "_" in text or text != text.strip():  # Python's own readers are more lenient
        raise ValueError(f"expected {noun}, got {text!r}")
    return number


def _checked_range(flag: Flag, number: float) -> float:
    below = flag.minimum is not None and not number >= flag.minimum
    above = flag.maximum is not None and not number <= flag.maximum
    if below or above or number in (float("inf"), float("-inf")):
        low = "" if flag.minimum is None else f" from {flag.minimum}"
        high = "" if flag.maximum is None else f" up to {flag.maximum}"
        raise ValueError(f"expected a number{low}{high}, got {number}")
    return number


def _checked_choice(flag: Flag, text: str) -> str:
    if flag.choices and text not in flag.choices:
        raise ValueError(f"expected one of {', '.join(flag.choices)}, got {text!r}")
    return text


def parse_arguments(arguments: Sequence[str]) -> Reading:
    """Read flags from a command line without the program's name."""
    values: dict[str, FlagValue] = {}
    problems: list[str] = []
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        flag, text, problem = _split(argument)
        if flag is None:
            problems.append(problem)
            if "=" not in argument and rest and not rest[0].startswith("-"):
                rest.pop(0)  # most likely the value of the unknown flag: not a problem of its own
            continue
        if text is None:
            text = _following_value(flag, rest)
        if text is None:
            problems.append(f"--{flag.name} needs a value")
            continue
        try:
            values[flag.name] = parse_text(flag, text)
        except ValueError as error:
            problems.append(f"--{flag.name}: {error}")
    return Reading(values, problems)


def _split(argument: str) -> tuple[Flag | None, str | None, str]:
    """Flag and value text of one argument, or no flag and the problem."""
    if not argument.startswith("--") or argument == "--":
        return None, None, f"unexpected argument {argument!r}: flags look like --name=value"
    name, equals, text = argument[2:].partition("=")
    flag = FLAGS.get(name.replace("-", "_"))
    if flag is None:
        return None, None, f"unknown flag --{name}{_did_you_mean('--', name.replace('-', '_'))}"
    return flag, text if equals else None, ""


def _did_you_mean(prefix: str, name: str) -> str:
    guess = nearest(name, FLAGS)
    return f"; did you mean {prefix}{guess}?" if guess else ""


def _following_value(flag: Flag, rest: list[str]) -> str | None:
    """The value of `--name` without `=`: taken off `rest`, `true` for a lone boolean, None where it is missing."""
    if flag.kind is bool:
        return rest.pop(0) if rest and rest[0] in _TRUTH else "true"
    return rest.pop(0) if rest and not rest[0].startswith("--") else None


def parse_environment(environ: Mapping[str, str]) -> Reading:
    """Read flags from variables named SALVER_ and the flag's name in capitals.

    Kubernetes sets variables of the same form for a service named `salver` (`SALVER_PORT=tcp://10.0.0.7:8500`,
    `SALVER_SERVICE_HOST`) or `salver-admin`: those are not flags, so an unknown variable is no error, and one that
    looks mistyped a warning.
    """
    values: dict[str, FlagValue] = {}
    problems: list[str] = []
    warnings: list[str] = []
    known = {flag.variable: flag for flag in FLAGS.values()}
    # Without the prefix, in which all are alike.
    names = {variable.removeprefix(_PREFIX): variable for variable in known}
    for variable in sorted(key for key in environ if key.startswith(_PREFIX)):
        flag, text = known.get(variable), environ[variable]
        if flag is None:
            guess = nearest(variable.removeprefix(_PREFIX), names) if variable not in _OTHER_VARIABLES else None
            if guess and not variable.startswith(_SERVICE_PREFIXES):
                warnings.append(f"environment variable {variable} sets no flag; did you mean {names[guess]}?")
        elif "://" in text and flag.name in _NAMED_LIKE_SERVICES:
            warnings.append(f"environment variable {variable}={text!r} is a service address, not a port; not used")
        else:
            try:
                values[flag.name] = parse_text(flag, text)
            except ValueError as error:
                problems.append(f"environment variable {variable}: {error}")
    return Reading(values, problems, warnings)


_NAMED_LIKE_SERVICES = frozenset({"port", "admin_port"})
"""Flags whose variable a service named `salver` or `salver-admin` has, too."""
_PREFIX = "SALVER_"
_SERVICE_PREFIXES = ("SALVER_PORT_", "SALVER_SERVICE_", "SALVER_ADMIN_PORT_", "SALVER_ADMIN_SERVICE_")
_OTHER_VARIABLES = frozenset({"SALVER_TENSORFLOW_LIB", "SALVER_ADMIN_ADDRESS"})
"""Read elsewhere: where TensorFlow is, and where `salver ctl` asks."""


def parse_toml(text: str) -> Reading:
    """Read flags from a TOML document whose top-level keys are flag names."""
    import tomllib  # here, because few starts need it

    try:
        document = tomllib.loads(text)
    # Beside its own error, a ValueError, the parser lets numbers and nesting beyond Python's limits through.
    except (ValueError, RecursionError) as error:
        return Reading(problems=(str(error),))
    values: dict[str, FlagValue] = {}
    problems: list[str] = []
    for key, value in document.items():
        flag = FLAGS.get(key.replace("-", "_"))
        if flag is None:
            problems.append(f"unknown key {key}{_did_you_mean('', key)}")
            continue
        try:
            values[flag.name] = _typed(flag, value)
        except ValueError as error:
            problems.append(f"{key}: {error}")
    return Reading(values, problems)


def _typed(flag: Flag, value: object) -> FlagValue:
    """A TOML value as the flag's type; an integer is also a number with fraction."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and (flag.kind is float or (flag.kind is int and isinstance(value, int))):
        return parse_text(flag, repr(value))
    if flag.kind in (str, bool) and isinstance(value, flag.kind):
        return _checked_choice(flag, value) if isinstance(value, str) else value
    raise ValueError(f"expected {flag.kind.__name__}, got {value!r}")
