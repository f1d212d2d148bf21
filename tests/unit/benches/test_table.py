from __future__ import annotations

import re

from benches.table import Report


def test_report_says_what_was_reached_and_how_much_others_disturbed():
    report = Report("python -m benches nothing")
    report.add_text("Title", "as it came\n")
    report.target("speed", "at least 1", "2", is_reached=True)
    report.target("size", "at most 1", "2", is_reached=False)

    text = report.text()

    assert re.search(r"Other processes took \d+% of the processors", text)
    assert re.search(r"\| speed +\| at least 1 \| 2 +\| reached", text)
    assert re.search(r"\| size +\| at most 1 +\| 2 +\| \*\*not reached\*\*", text)
    assert "## Title\n\nas it came\n" in text
