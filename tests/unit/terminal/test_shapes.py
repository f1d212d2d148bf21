from salver.terminal.shapes import shape_text


def test_open_dimensions_are_question_marks():
    assert [shape_text(shape) for shape in ((-1, 3), (), None)] == ["[?, 3]", "[]", "any shape"]
