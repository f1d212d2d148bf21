"""A base path: its versions, and which of them a server would serve."""

from __future__ import annotations

import os
from collections.abc import Mapping

from salver.inspection.report import BasePathReport, VersionLine
from salver.inspection.version import format_of
from salver.sources.settling import SettlingOptions, TreeLook, look_at
from salver.sources.version_directory import group_by_version, list_versions


def inspect_base_path(directory: str, now_s: float) -> BasePathReport | None:
    """Return what there is to tell of a base path; None where it has no versions.

    Args:
        directory: The base path.
        now_s: Seconds since the epoch.
    """
    # The last of duplicates is the one that is loaded.
    children = {number: names[-1] for number, names in group_by_version(list_versions(directory)).items()}
    if not children:
        return None
    looks = {number: look_at(os.path.join(directory, child)) for number, child in children.items()}
    settled = {number: _is_settled(look, now_s) for number, look in looks.items()}
    lines = tuple(
        VersionLine(
            version=number,
            directory=children[number],
            format=format_of(os.path.join(directory, children[number])),
            num_bytes=sum(max(size, 0) for _, size, _ in looks[number].files),
            is_settled=settled[number],
            served_by=_policies(number, settled),
        )
        for number in sorted(children, reverse=True)
    )
    others = set(os.listdir(directory)) - set(children.values())
    return BasePathReport(versions=lines, passed_over=tuple(sorted(others)))


def _is_settled(look: TreeLook, now_s: float) -> bool:
    return bool(look.files) and now_s - look.newest_s >= SettlingOptions().old_after_s


def _policies(number: int, settled: Mapping[int, bool]) -> tuple[str, ...]:
    if not settled[number]:
        return ()
    rank = sum(1 for other, is_settled in settled.items() if is_settled and other >= number)
    latest = "latest 1 (the default)" if rank == 1 else f"latest {rank} and more"
    return (latest, "all", f"specific {number}")
