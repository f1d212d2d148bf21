import subprocess
import sys
import threading

import pytest

from salver.errors import FailedPreconditionError, InvalidArgumentError, NotFoundError
from salver.servables import tensorflow_library
from salver.servables.tensorflow_library import TensorFlowLibrary, find_tensorflow_libraries
from salver.testing.fake_dataplane import FakeTensorFlow


def test_absent_tensorflow_names_the_command_that_installs_it(monkeypatch, tmp_path):
    monkeypatch.setattr(tensorflow_library, "_package_folders", lambda: [tmp_path])
    with pytest.raises(FailedPreconditionError, match="pip install tensorflow-cpu"):
        find_tensorflow_libraries()


def test_libraries_are_given_in_the_order_in_which_they_depend_on_each_other(monkeypatch, tmp_path):
    for name in ("libtensorflow_cc.so.2", "libtensorflow_framework.so.2"):
        (tmp_path / name).touch()
    monkeypatch.setattr(tensorflow_library, "_package_folders", lambda: [tmp_path])
    monkeypatch.setattr(sys, "platform", "linux")
    found = find_tensorflow_libraries()
    assert found == [str(tmp_path / "libtensorflow_framework.so.2"), str(tmp_path / "libtensorflow_cc.so.2")]


def test_looking_for_the_libraries_does_not_import_tensorflow():
    program = (
        "import sys, salver.servables.tensorflow_library as t, salver.errors\n"
        "try: t.find_tensorflow_libraries()\n"
        "except salver.errors.FailedPreconditionError: pass\n"
        "assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


class Opener:
    def __init__(self, *results):
        self.results = list(results)
        self.calls = []

    def __call__(self, libraries):
        self.calls.append(list(libraries))
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


def test_runtime_is_opened_once_with_the_libraries_found():
    opener = Opener("runtime")
    library = TensorFlowLibrary(opener, find_libraries=lambda: ["a", "b"])
    assert library.runtime() == library.runtime() == "runtime"
    assert opener.calls == [["a", "b"]]


def test_runtime_waits_for_an_opening_in_the_background():
    may_open = threading.Event()

    def open_slowly(libraries):
        may_open.wait()
        return "runtime"

    library = TensorFlowLibrary(open_slowly, find_libraries=list)
    library.open_in_background()
    may_open.set()
    assert library.runtime() == "runtime"


def test_failed_opening_is_reported_and_tried_again_at_the_next_use():
    library = TensorFlowLibrary(Opener(FailedPreconditionError("absent"), "runtime"), find_libraries=list)
    library.open_in_background()
    with pytest.raises(FailedPreconditionError, match="absent"):
        library.runtime()
    assert library.runtime() == "runtime"


@pytest.fixture
def op_libraries(tmp_path):
    paths = [tmp_path / "b.so", tmp_path / "a.so"]
    for path in paths:
        path.touch()
    return [str(path) for path in paths]


def with_operations(tensorflow, paths):
    return TensorFlowLibrary(lambda _: tensorflow, custom_op_libraries=paths, find_libraries=list)


def test_operations_are_loaded_once_and_in_order_before_the_runtime_is_handed_out(op_libraries):
    tensorflow = FakeTensorFlow()
    library = with_operations(tensorflow, op_libraries)
    library.load_custom_ops()
    assert tensorflow.op_libraries == op_libraries
    assert library.runtime() is library.runtime() is tensorflow
    assert tensorflow.op_libraries == op_libraries


def test_a_bare_file_name_is_one_of_the_current_directory(op_libraries, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    tensorflow = FakeTensorFlow()
    with_operations(tensorflow, ["a.so"]).load_custom_ops()
    assert tensorflow.op_libraries == [str(tmp_path / "a.so")]


def test_a_missing_library_of_operations_is_named_and_nothing_is_opened(op_libraries):
    opener = Opener()
    library = TensorFlowLibrary(opener, custom_op_libraries=[*op_libraries, "/no/c.so"], find_libraries=list)
    with pytest.raises(InvalidArgumentError, match="custom_op_libraries: there is no file /no/c.so"):
        library.load_custom_ops()
    assert opener.calls == []


def test_what_tensorflow_says_of_a_library_of_operations_is_passed_on(op_libraries):
    class Refusing(FakeTensorFlow):
        def load_library(self, path):
            raise NotFoundError("undefined symbol")

    with pytest.raises(NotFoundError, match="undefined symbol"):
        with_operations(Refusing(), op_libraries).load_custom_ops()


def test_without_libraries_of_operations_nothing_is_opened():
    opener = Opener()
    TensorFlowLibrary(opener, find_libraries=list).load_custom_ops()
    assert opener.calls == []
