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
    """A line for each difference."""
    for one in diff:
        sign, style = _SIGNS.get(one.op, ("?", ""))
        yield Text.assemble((f"{sign} {one.path}", style), f"  {_values(one)}")


def _values(one: Difference) -> str:
    if one.op == "replace":
        return f"{_value(one.before)} -> {_value(one.after)}"
    return _value(one.before if one.op == "remove" else one.after)


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
