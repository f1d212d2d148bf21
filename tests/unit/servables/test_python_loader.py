import re
import textwrap
from pathlib import Path

import numpy as np
import pytest

from salver.core.ids import ServableId
from salver.errors import FailedPreconditionError, NotFoundError
from salver.servables.python_loader import PythonLoader


def write(directory, text):
    (directory / "servable.py").write_text(textwrap.dedent(text))
    return PythonLoader(ServableId("m", 3), str(directory))


def test_servable_is_what_load_returns_for_the_version_directory(tmp_path):
    (tmp_path / "factor").write_text("3")
    loader = write(
        tmp_path,
        """
        import numpy as np
        from salver import CallableServable, TensorSpec

        def load(directory):
            factor = int((directory / "factor").read_text())
            spec = {"x": TensorSpec(np.float32, [None])}
            return CallableServable(lambda inputs: {"x": inputs["x"] * factor}, inputs=spec, outputs=spec)
        """,
    )
    loader.load()
    assert loader.servable.run("serving_default", {"x": np.float32([2])})["x"] == [6]


def test_servable_of_the_guide_loads_as_it_stands(tmp_path):
    page = (Path(__file__).parents[3] / "docs" / "getting-started.md").read_text()
    (text,) = [block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "def load" in block]
    loader = write(tmp_path, text)
    loader.load()
    assert loader.servable.run("serving_default", {"x": np.float32([2])})["y"] == [0]
    assert [part["y"].item() for part in loader.servable.stream("serving_default", {"x": np.float32([2])})] == [2, 1]


def test_unload_closes_a_servable_that_can_be_closed(tmp_path):
    loader = write(
        tmp_path,
        """
        class Model:
            signatures = {}
            closed = []
            def run(self, signature, inputs): return {}
            def close(self): self.closed.append(True)

        def load(directory): return Model()
        """,
    )
    loader.load()
    closed = loader.servable.closed
    loader.unload()
    assert closed == [True]
    assert loader.servable is None


def test_missing_file_is_not_found(tmp_path):
    with pytest.raises(NotFoundError, match="m version 3 has no file servable.py"):
        PythonLoader(ServableId("m", 3), str(tmp_path)).load()


@pytest.mark.parametrize(
    ("text", "message"),
    [("x = 1", "defines no function load"), ("def load(directory): return 5", "gave a int")],
)
def test_file_that_makes_no_servable_is_a_failed_precondition(tmp_path, text, message):
    with pytest.raises(FailedPreconditionError, match=message):
        write(tmp_path, text).load()


def test_error_of_the_file_is_raised_as_it_is(tmp_path):
    with pytest.raises(ZeroDivisionError):
        write(tmp_path, "1 / 0").load()
