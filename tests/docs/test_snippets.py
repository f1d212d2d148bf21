"""Every block of the documentation does what the page says.

How a page is written for this: CONTRIBUTING.md, "Snippets in the documentation".
"""

from __future__ import annotations

import pytest

from tests.support.snippets.blocks import MARKS, page_name, pages, read_blocks
from tests.support.snippets.runner import PageRunner
from tests.support.snippets.sandbox import Sandbox

BLOCKS = {page_name(page): blocks for page in pages() if (blocks := read_blocks(page))}
MAX_NOT_RUN = 12
"""Raise this only for what a test cannot have, such as a container engine."""


@pytest.mark.timeout(150)
@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_of_the_page_do_what_it_says(name, tmp_path, shared_server):
    with PageRunner(Sandbox(tmp_path, shared_server)) as runner:
        for block in BLOCKS[name]:
            runner.run(block)


def test_what_is_not_run_says_why_and_is_rare():
    every = [block for blocks in BLOCKS.values() for block in blocks]
    not_run = [block for block in every if "not run" in block.marks]
    assert [block.place for block in not_run if len(block.marks["not run"].split()) < 3] == []
    assert len(not_run) <= MAX_NOT_RUN, [block.place for block in not_run]


def test_commands_stand_in_blocks_that_are_run():
    hidden = [
        block.place
        for blocks in BLOCKS.values()
        for block in blocks
        if block.language == "text" and block.text.startswith("$ ")
    ]
    assert hidden == []


def test_contributors_are_told_every_mark():
    guide = (pages()[0].parent / "CONTRIBUTING.md").read_text()
    assert [mark for mark in MARKS if f"<!-- {mark}" not in guide] == []
