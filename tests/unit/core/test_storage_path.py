import pytest

from salver.core.storage_path import join_path


@pytest.mark.parametrize(
    ("parts", "joined"),
    [
        (("/base", "1"), "/base/1"),
        (("/base/", "1"), "/base/1"),
        (("/base", "/1"), "/base/1"),
        (("/base/", "/1"), "/base/1"),
        (("/", "1"), "/1"),
        (("", "1"), "1"),
        (("base", ""), "base"),
        (("", ""), ""),
        ((), ""),
        (("s3://bucket/models", "1"), "s3://bucket/models/1"),
        (("a", "b", "c"), "a/b/c"),
    ],
)
def test_joins_with_exactly_one_slash(parts, joined):
    assert join_path(*parts) == joined
