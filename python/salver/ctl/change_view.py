"""Changes as a terminal shows them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from salver.admin.change import Change, Difference
from salver.ctl.model_view import models_table

_SIGNS = {"add": ("+", "green"), "remove": ("-", "red"), "replace": ("~", "yellow")}


def change_view(change: Change) -> RenderableType:
    """What was changed, or would be; and the model as it is then."""
    parts: list[RenderableType] = list(differences(change.diff))
    if not change.is_changed:
        parts.append(Text("Nothing to change."))
    elif change.is_dry_run:
        parts.append(Text("A dry run: nothing was changed.", style="yellow"))
    elif change.model is not None:
        parts += [Text(), models_table([change.model])]
    return Group(*parts)


def differences(diff: Sequence[Difference]) -> Iterator[Text]:
    """A line for each difference; a model that came or went has one for each of its fields that says something, too."""
    for one in diff:
        sign, style = _SIGNS.get(one.op, ("?", ""))
        path, fields = Text(f"{sign} {one.path}", style=style), _fields(one)
        if fields is None:
            yield path.append(f"  {_values(one)}", style="default")
            continue
        yield path
        yield from (Text(f"    {name}: {_value(value)}") for name, value in fields.items() if value not in (None, {}))


def _fields(one: Difference) -> dict[str, Any] | None:
    """Those of the model that came or went; None where the difference is of another kind."""
    value = one.before if one.op == "remove" else one.after
    return value if isinstance(value, dict) and "base_path" in value else None


def _values(one: Difference) -> str:
    if one.op == "replace":
        return f"{_value(one.before)} -> {_value(one.after)}"
    return _value(one.before if one.op == "remove" else one.after)


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
