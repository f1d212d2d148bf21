from __future__ import annotations

import re

from benches.table import RESULTS, Report, command_line


def test_a_kept_command_names_no_path_outside_the_repository(tmp_path):
    inside = str(RESULTS / "x.md")
    said = command_line(["swap", "--swaps=5", "--keep", inside, f"--keep={tmp_path / 'y.md'}", "--keep", "../../z.md"])
    assert said == "python -m benches swap --swaps=5 --keep benches/results/x.md --keep=y.md --keep z.md"


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
