import resource
import subprocess
import sys
import tracemalloc

import pytest

from salver.errors import SalverError
from salver.inspection.saved_model import graphs_in
from tests.support.models import HALF_PLUS_TWO, MODELS

MIB = 1 << 20


def test_signatures_are_told_the_default_one_first():
    (graph,) = graphs_in(str(HALF_PLUS_TWO / "1"))
    assert (graph.tags, graph.made_with[:11]) == (("serve",), "TensorFlow ")
    assert list(graph.signatures) == ["serving_default", "classify_x_to_y", "regress_x2_to_y", "regress_x_to_y"]
    signature = graph.signatures["serving_default"]
    assert signature.method == "tensorflow/serving/predict"
    (x,) = signature.inputs.values()
    assert (x.tensor, x.dtype, x.shape, x.has_default) == ("x:0", "DT_FLOAT", (-1,), False)
    assert graph.operations["Const"] == 18
    assert graph.num_nodes == sum(graph.operations.values())


def test_it_agrees_with_what_is_served():
    from salver import wire

    for path in sorted(MODELS.glob("*/1/saved_model.pb")):
        parsed = wire.SavedModel()
        if path.parent.parent.name == "corrupt_truncated":
            continue
        parsed.ParseFromString(path.read_bytes())
        graphs = graphs_in(str(path.parent))
        assert [graph.tags for graph in graphs] == [tuple(one.meta_info_def.tags) for one in parsed.meta_graphs]
        for graph, one in zip(graphs, parsed.meta_graphs, strict=True):
            assert graph.signatures.keys() == one.signature_def.keys()
            for name, signature in graph.signatures.items():
                assert {key: tensor.dtype for key, tensor in signature.inputs.items()}.keys() == (
                    one.signature_def[name].inputs.keys()
                )
                defaults = {key for key, tensor in signature.inputs.items() if tensor.has_default}
                assert defaults == set(one.signature_def[name].defaults)


def test_several_graphs_and_functions_are_told_apart():
    assert [graph.tags for graph in graphs_in(str(MODELS / "two_tag_sets" / "1"))] == [("serve",), ("serve", "gpu")]
    (graph,) = graphs_in(str(MODELS / "mlp" / "1"))
    assert graph.num_functions > 0
    assert graph.operations["MatMul"] > 0


def test_text_form_is_read():
    (graph,) = graphs_in(str(MODELS / "text_format" / "1"))
    assert graph.operations == {"Const": 2, "AddV2": 1, "Mul": 1, "Placeholder": 1}
    assert graph.signatures["serving_default"].inputs["x"].dtype == "DT_FLOAT"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("saved_model.pb", b"", "saved_model.pb: the file is empty"),
        ("saved_model.pb", b"\x12\x7fcut", "cut short"),
        ("saved_model.pb", b"\x08\x01", "has no MetaGraph"),
        ("saved_model.pb", b"<html>", "saved_model.pb"),
        ("saved_model.pb", b"\x12\x04\x0a\x02\xff\xff", "no tensorflow.MetaGraphDef.MetaInfoDef where one should be"),
        ("saved_model.pbtxt", b"meta_graphs {", "saved_model.pbtxt: the file cannot be read"),
        ("saved_model.cpb", b"", "saved_model.cpb: a SavedModel in chunks"),
    ],
)
def test_what_is_wrong_names_the_file(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SalverError, match=message):
        graphs_in(str(tmp_path))


def test_every_cut_of_a_file_is_told_and_none_breaks_the_reader(tmp_path):
    whole = (HALF_PLUS_TWO / "1" / "saved_model.pb").read_bytes()
    for length in range(0, len(whole) - 1, 97):
        (tmp_path / "saved_model.pb").write_bytes(whole[:length])
        with pytest.raises(SalverError):
            graphs_in(str(tmp_path))


def varint(number):
    parts = []
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])


def with_large_constant(path, num_bytes):
    """A SavedModel with one constant of so many bytes, which are a hole in the file."""
    attribute = b"\x0a\x05value\x12" + varint(num_bytes)
    node = b"\x0a\x01c\x12\x05Const" + b"\x2a" + varint(len(attribute) + num_bytes) + attribute
    graph = b"\x0a" + varint(len(node) + num_bytes) + node
    info = b"\x0a\x07\x22\x05serve"
    meta_graph = info + b"\x12" + varint(len(graph) + num_bytes) + graph
    with path.open("wb") as file:
        file.write(b"\x08\x01\x12" + varint(len(meta_graph) + num_bytes) + meta_graph)
        file.truncate(file.tell() + num_bytes)


def test_constants_never_come_into_memory(tmp_path):
    with_large_constant(tmp_path / "saved_model.pb", 900 * MIB)
    graphs_in(str(HALF_PLUS_TWO / "1"))  # imports count for nothing
    tracemalloc.start()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (graph,) = graphs_in(str(tmp_path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (graph.tags, graph.operations) == (("serve",), {"Const": 1})
    assert peak < MIB
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 << 10  # in KiB


def test_no_framework_is_imported():
    program = (
        "import sys; from salver.inspection.saved_model import graphs_in; graphs_in(sys.argv[1]);"
        "print([name for name in ('tensorflow', 'salver._native', 'ai_edge_litert', 'numpy') if name in sys.modules])"
    )
    command = [sys.executable, "-c", program, str(HALF_PLUS_TWO / "1")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"
