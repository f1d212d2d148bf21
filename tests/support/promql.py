"""What a PromQL query names: enough of its grammar to find metrics and labels, and no more."""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<string>"(?:[^"\\]|\\.)*")|(?P<range>\[[^\]]*\])|(?P<name>[A-Za-z_:][\w:]*)"""
    r"""|(?P<number>[0-9.]+)|(?P<operator>=~|!~|!=|[-+*/(){},=])"""
)
_GROUPING = {"by", "without", "on", "ignoring"}


def names_in(query: str) -> tuple[set[str], set[str]]:
    """Return the metrics and the labels that a query names.

    Raises:
        ValueError: It has something else in it than what our queries are made of.
    """
    tokens = _tokens(query)
    metrics, labels = set(), set()
    is_selector = is_list = False
    for index, (kind, text) in enumerate(tokens):
        before = tokens[index - 1][1] if index else ""
        after = tokens[index + 1][1] if index + 1 < len(tokens) else ""
        if text in "{}":
            is_selector = text == "{"
        elif text == "(" and before in _GROUPING:
            is_list = True
        elif text == ")" and is_list:
            is_list = False
        elif kind == "name" and (is_selector or is_list):
            labels.add(text)
        elif kind == "name" and after != "(" and text not in _GROUPING and after not in _GROUPING:
            metrics.add(text)
    return metrics, labels


def _tokens(query: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    while at < len(query):
        found = _TOKEN.match(query, at)
        if found is None:
            raise ValueError(f"{query!r} has something unknown at {query[at:]!r}")
        if found.lastgroup != "space":
            tokens.append((str(found.lastgroup), found[0]))
        at = found.end()
    return tokens
