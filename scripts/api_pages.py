"""Pages on the public Python names, from their signatures and docstrings. The site has them; no file is kept."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_SECTION = re.compile(r"^(Args|Attributes|Raises|Returns|Yields|Shapes|Source):$", re.MULTILINE)
_ITEM = re.compile(r"^(?P<name>[*\w]+(?:, [*\w]+)*): (?P<text>.*(?:\n(?:[ ]+.*)?)*)", re.MULTILINE)


@dataclass(frozen=True)
class Module:
    """One page: the public names of some modules."""

    title: str
    about: str
    names: Mapping[str, tuple[str, ...]]
    """For each module the names to tell of; none stands for its `__all__`, or all its public classes and functions."""


_TESTING = (
    "fake_clock", "fake_loader", "sources", "fake_dataplane", "fake_calls", "fake_serving_table", "model_directory",
    "state_recorder", "loader_conformance", "source_conformance",
)  # fmt: skip
PAGES = {
    "api/salver.md": Module("salver", "What a program needs that embeds the server or extends it.", {"salver": ()}),
    "api/batching.md": Module("salver.batching", "Batches for any callable.", {"salver.batching": ()}),
    "api/client.md": Module("salver.client", "A client without TensorFlow.", {"salver.client": ()}),
    "api/core.md": Module("salver.core", "What servers are made of, for any kind of object.", {"salver.core": ()}),
    "api/errors.md": Module("salver.errors", "Every error, with its canonical code.", {"salver.errors": ()}),
    "api/testing.md": Module(
        "salver.testing",
        "Fakes, and suites that loaders and sources have to pass.",
        {f"salver.testing.{name}": () for name in _TESTING},
    ),
}


def api_pages() -> dict[str, str]:
    """The text of each page, by its address on the site; packages that are not there have none."""
    return {address: _page(module) for address, module in PAGES.items() if importlib.util.find_spec(module.title)}


def _page(module: Module) -> str:
    parts = [f"# {module.title}", module.about]
    for name, listed in module.names.items():
        home = importlib.import_module(name)
        for each in listed or public_names(home):
            parts += _entry(each, getattr(home, each), name if len(module.names) > 1 else module.title)
    return "\n\n".join(parts) + "\n"


def public_names(module: Any) -> list[str]:
    """`__all__` of a module, or the classes and functions that it defines."""
    listed = getattr(module, "__all__", None)
    if listed is not None:
        return sorted(listed)
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isclass(value) or inspect.isfunction(value))
        and value.__module__ == module.__name__
    ]


def _entry(name: str, value: Any, home: str) -> Iterator[str]:
    yield f"## {name}"
    if inspect.isclass(value) and value.__module__.startswith("salver"):  # an alias may name a type of Python's
        yield _code(f"from {home} import {name}\n\nclass {name}{_bases(value)}")
        yield formatted(value.__doc__ or "")
        yield from _fields(value)
        yield from _members(value)
    elif inspect.isfunction(value):
        yield _code(f"from {home} import {name}\n\n{name}{_signature(value)}")
        yield formatted(value.__doc__ or "")
    else:
        yield _code(f"from {home} import {name}\n\n{name} = {value}")


def _bases(value: type) -> str:
    names = [base.__name__ for base in value.__bases__ if base.__name__ not in {"object", "Generic", "Protocol"}]
    return f"({', '.join(names)})" if names else ""


def _fields(value: type) -> Iterator[str]:
    """Fields and members of an enumeration, each with the text under it."""
    lines = []
    for name, annotation, text in _documented_fields(value):
        about = " ".join(text.split())
        lines.append(f"- `{name}{f': {annotation}' if annotation else ''}`{f': {about}' if about else ''}")
    if lines:
        yield "\n".join(lines)


def _documented_fields(value: type) -> Iterator[tuple[str, str, str]]:
    try:
        (node,) = ast.parse(textwrap.dedent(inspect.getsource(value))).body
    except (OSError, TypeError):
        return
    assert isinstance(node, ast.ClassDef)
    for place, statement in enumerate(node.body):
        after = node.body[place + 1] if place + 1 < len(node.body) else None
        text = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else ""
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            name, annotation = statement.target.id, ast.unparse(statement.annotation)
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name, annotation = statement.targets[0].id, ""
        else:
            continue
        if not name.startswith("_"):
            yield name, annotation, str(text)


def _members(value: type) -> Iterator[str]:
    for name, member in vars(value).items():
        if name == "__init__" and inspect.isfunction(member) and "dataclass" not in str(member.__qualname__):
            if not hasattr(value, "__dataclass_fields__"):
                yield f"### {value.__name__}()"
                yield _code(f"{value.__name__}{_signature(member)}")
                yield formatted(member.__doc__ or "")
        elif name.startswith("_"):
            continue
        elif isinstance(member, property):
            yield f"### {value.__name__}.{name}"
            yield formatted(member.__doc__ or "")
        elif isinstance(member, classmethod | staticmethod) or inspect.isfunction(member):
            function = member.__func__ if isinstance(member, classmethod | staticmethod) else member
            yield f"### {value.__name__}.{name}()"
            yield _code(f"{'async ' if inspect.iscoroutinefunction(function) else ''}{name}{_signature(function)}")
            yield formatted(function.__doc__ or "")


def _signature(function: Any) -> str:
    """Parameters as the source has them, without `self`, one a line where they are many."""
    signature = inspect.signature(function)
    parameters = [each for each in signature.parameters.values() if each.name not in {"self", "cls"}]
    text = str(signature.replace(parameters=parameters)).replace("'", "")
    if len(text) <= 100:
        return text
    lines = [f"    {str(each).replace(chr(39), '')}," for each in parameters]
    kinds = [each.kind for each in parameters]
    if inspect.Parameter.KEYWORD_ONLY in kinds and inspect.Parameter.VAR_POSITIONAL not in kinds:
        lines.insert(kinds.index(inspect.Parameter.KEYWORD_ONLY), "    *,")
    returned = "" if signature.return_annotation is signature.empty else f" -> {signature.return_annotation}"
    return "\n".join(["(", *lines, f"){returned}".replace("'", "")])


def _code(text: str) -> str:
    return f"```python\n{text}\n```"


def formatted(docstring: str) -> str:
    """A docstring as Markdown: its sections become lists.

    Code in it is indented by four columns already.
    """
    parts = _SECTION.split(inspect.cleandoc(docstring))
    text = [_with_code_apart(parts[0].strip())]
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        words = {"Args": "Arguments"}.get(name, name)
        inner = textwrap.dedent(body.strip("\n"))
        items = [f"- `{found['name']}`: {' '.join(found['text'].split())}" for found in _ITEM.finditer(inner)]
        is_list = bool(items) and name in {"Args", "Attributes", "Raises"}
        text.append(f"**{words}**\n\n" + ("\n".join(items) if is_list else inner))
    return "\n\n".join(part for part in text if part)


def _with_code_apart(text: str) -> str:
    """Trees and examples, which docstrings indent by two or four columns, as code."""
    return re.sub(r"^(?= {2,3}\S)", "  ", text, flags=re.MULTILINE)
