from __future__ import annotations

from pathlib import Path

from salver.config.flag import Effect
from salver.config.flag_help import reference_page, usage
from salver.config.flags import FLAGS

ROOT = Path(__file__).parents[3]


def test_help_names_every_flag():
    text = usage("salver serve")
    for name in FLAGS:
        assert name in text


def test_reference_page_is_what_the_table_says():
    assert (ROOT / "docs" / "flags.md").read_text() == reference_page(), "run `make docs`"


def test_every_flag_without_effect_says_what_the_server_does_instead():
    for flag in FLAGS.values():
        honoured = flag.effect is Effect.HONOURED
        assert honoured == (flag.actual is None)
        assert honoured or type(flag.actual) is flag.kind
        assert flag.help.endswith(".")
