import os

import pytest

from salver.sources.version_directory import VersionEntry, group_by_version, list_versions, parse_version


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("0", 0),
        ("1", 1),
        ("001", 1),
        ("00000123", 123),
        ("20170111173521", 20170111173521),
        ("9223372036854775807", 2**63 - 1),
        ("0009223372036854775807", 2**63 - 1),
        ("9223372036854775808", None),
        ("9" * 5000, None),
        ("-1", None),
        ("+1", None),
        (" 1", None),
        ("1 ", None),
        ("1\n", None),
        ("1.0", None),
        ("1_000", None),
        ("0x1", None),
        ("", None),
        ("tmp-1", None),
        (".1", None),
        ("1.tmp", None),
        ("\N{SUPERSCRIPT TWO}", None),
        ("\N{ARABIC-INDIC DIGIT ONE}", None),
    ],
)
def test_a_version_is_a_plain_decimal_number_of_63_bits(name, version):
    assert parse_version(name) == version


def test_lists_version_directories_sorted_by_name(tmp_path):
    for name in ("10", "9", "009", "tmp-3", ".4", "-5"):
        (tmp_path / name).mkdir()
    (tmp_path / "7").write_text("a file")
    assert list_versions(str(tmp_path)) == [VersionEntry(9, "009"), VersionEntry(10, "10"), VersionEntry(9, "9")]


def test_plain_files_count_where_they_are_allowed(tmp_path):
    (tmp_path / "7").write_text("a file")
    assert list_versions(str(tmp_path), allows_files=True) == [VersionEntry(7, "7")]


def test_link_to_a_directory_counts_and_a_dangling_link_does_not(tmp_path):
    (tmp_path / "release").mkdir()
    os.symlink("release", tmp_path / "1")
    os.symlink("nowhere", tmp_path / "2")
    assert list_versions(str(tmp_path), allows_files=True) == [VersionEntry(1, "1")]


def test_missing_base_path_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        list_versions(str(tmp_path / "missing"))


def test_groups_names_of_one_number():
    entries = [VersionEntry(1, "001"), VersionEntry(1, "1"), VersionEntry(2, "2")]
    assert group_by_version(entries) == {1: ["001", "1"], 2: ["2"]}
