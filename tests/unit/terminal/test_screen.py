from rich.table import Table

from salver.terminal.screen import print_view


def test_lines_for_programs_are_whole_and_end_where_their_words_do(capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    table = Table(box=None, pad_edge=False)
    table.add_column("NAME")
    table.add_row("x" * 300)
    print_view(table)
    assert capsys.readouterr().out == f"NAME\n{'x' * 300}\n"
