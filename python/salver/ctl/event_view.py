"""Events as a terminal shows them, a line each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.text import Text

from salver.admin.change import Difference
from salver.admin.reading import read_document
from salver.ctl.change_view import differences
from salver.ctl.model_view import state


def event_view(event: Mapping[str, Any]) -> Text:
    """One event; of a type that is not known here, its fields."""
    told = _TOLD.get(str(event.get("type")), _anything)(event)
    return Text.assemble((f"{event.get('at', '')}  ", "dim"), told)


def _state(event: Mapping[str, Any]) -> Text:
    text = Text.assemble((f"{event['model']} {event['version']}", "bold"), "  ", state(str(event["state"])))
    return text.append_text(_reason(event.get("reason")))


def _source(event: Mapping[str, Any]) -> Text:
    found = Text("its versions are found again", style="green") if event.get("reason") is None else Text("base path")
    return Text.assemble((str(event["model"]), "bold"), "  ", found).append_text(_reason(event.get("reason")))


def _config(event: Mapping[str, Any]) -> Text:
    text = Text(f"models set by {event['writer']}")
    for line in differences([read_document(Difference, item) for item in event.get("diff", ())]):
        text.append("\n  ").append_text(line)
    return text


def _server(event: Mapping[str, Any]) -> Text:
    return Text(f"server {str(event['state']).lower()}", style="bold")


def _lost(event: Mapping[str, Any]) -> Text:
    return Text(f"{event['num']} events were lost: this terminal was too slow for them", style="yellow")


def _anything(event: Mapping[str, Any]) -> Text:
    return Text("  ".join(f"{name}={value}" for name, value in event.items() if name not in {"id", "at"}))


def _reason(reason: Mapping[str, Any] | None) -> Text:
    return Text("") if reason is None else Text(f"  {reason['code']}: {reason['message']}", style="red")


_TOLD = {"state": _state, "source": _source, "config": _config, "server": _server, "lost": _lost}
