"""In what two lists of models differ, as the admin API says it, and making the one from the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from salver.admin.change import Difference
from salver.config.server_config import ModelConfig
from salver.server.model_fields import spec_fields

_LABELS = "version_labels"


def differences(before: Iterable[ModelConfig], after: Iterable[ModelConfig]) -> tuple[Difference, ...]:
    """Return what is different, by model in the order of their names.

    A model that comes or goes is one difference; of one that stays, each field is, and each of its labels. What the
    admin API does not speak of does not count, nor does the order of the models.
    """
    old, new = {model.name: model for model in before}, {model.name: model for model in after}
    names = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
    return tuple(one for name in names for one in _of_model(name, old.get(name), new.get(name)))


def apply_differences(models: Mapping[str, Mapping[str, Any]], diff: Iterable[Difference]) -> dict[str, dict[str, Any]]:
    """Return what becomes of the documents of models, by name, when they are changed as `diff` says."""
    changed = {name: {**document, _LABELS: dict(document[_LABELS])} for name, document in models.items()}
    for one in diff:
        *way, last = [part.replace("~1", "/").replace("~0", "~") for part in one.path.split("/")[2:]]
        place: dict[str, Any] = changed
        for part in way:
            place = place[part]
        if one.op == "remove":
            del place[last]
        else:
            place[last] = one.after
    return changed


def _of_model(name: str, old: ModelConfig | None, new: ModelConfig | None) -> Iterator[Difference]:
    path = f"/models/{_escaped(name)}"
    if old is None or new is None:
        yield from _of_value(path, old and _document(old), new and _document(new))
        return
    before, after = _document(old), _document(new)
    labels_before, labels_after = before.pop(_LABELS), after.pop(_LABELS)
    for field, value in before.items():
        if value != after[field]:
            yield Difference(op="replace", path=f"{path}/{field}", before=value, after=after[field])
    for label in sorted({*labels_before, *labels_after}):
        yield from _of_value(f"{path}/{_LABELS}/{_escaped(label)}", labels_before.get(label), labels_after.get(label))


def _of_value(path: str, before: Any, after: Any) -> Iterator[Difference]:
    if before != after:
        op = "add" if before is None else "remove" if after is None else "replace"
        yield Difference(op=op, path=path, before=before, after=after)


def _document(model: ModelConfig) -> dict[str, Any]:
    document = spec_fields(model)
    del document["name"]
    return document


def _escaped(part: str) -> str:
    """A part of a JSON pointer (RFC 6901)."""
    return part.replace("~", "~0").replace("/", "~1")
