"""Whoever moves finds every flag of TensorFlow Serving on one page."""

from __future__ import annotations

import json
import re
from pathlib import Path

from salver.config.flag import Effect
from salver.config.flags import FLAGS
from scripts.reference_flags_page import OTHERWISE, REFERENCE, reference_flags_page

ROOT = Path(__file__).parents[2]
PAGE = reference_flags_page()


def test_page_is_up_to_date():
    assert (ROOT / "docs" / "flags-of-tensorflow-serving.md").read_text() == PAGE, "run `make docs`"


def test_every_flag_of_the_reference_is_on_the_page_once():
    assert sorted(re.findall(r"^\| `--(\w+)` \|", PAGE, re.MULTILINE)) == sorted(json.loads(REFERENCE.read_text()))


def test_flags_without_effect_stand_apart():
    works, _, rest = PAGE.partition("## Those without effect")
    for name in json.loads(REFERENCE.read_text()):
        is_honoured = name not in FLAGS or FLAGS[name].effect is Effect.HONOURED
        assert f"`--{name}`" in (works if is_honoured else rest)


def test_differences_are_told_of_flags_that_work():
    reference = json.loads(REFERENCE.read_text())
    for name in OTHERWISE:
        assert name in reference
        assert name not in FLAGS or FLAGS[name].effect is Effect.HONOURED


def test_another_default_is_a_difference_that_is_told():
    for name, (kind, default) in json.loads(REFERENCE.read_text()).items():
        is_in_words = isinstance(default, str) and kind != "string"
        if (
            name in FLAGS
            and FLAGS[name].effect is Effect.HONOURED
            and not is_in_words
            and FLAGS[name].default != default
        ):
            assert name in OTHERWISE


def test_guide_to_a_move_leads_there():
    guide = (ROOT / "docs" / "guides" / "moving-from-tensorflow-serving.md").read_text()
    assert "](../flags-of-tensorflow-serving.md)" in guide
