"""Warm-up files in JSON and NPZ.

The first byte chooses the kind: a JSON file; an NPZ file; or one made of pieces between FF bytes, each an array in
whose place the second byte chooses what stands before it.
"""

import io
import logging
import sys
import zipfile

import atheris

with atheris.instrument_imports(include=["salver", "numpy.lib"]):
    import numpy as np

    from salver.boundary import Signature, TensorInfo
    from salver.errors import SalverError
    from salver.records.json_requests import bodies_in, body_from_record, json_lines, record_from_body
    from salver.records.npz_requests import npz_arrays, records_in_npz
    from salver.records.recorded_request import request_message
    from salver.records.request_form import RequestForm

FLOAT, INT32, STRING, BOOL = 1, 3, 7, 10


def _form(name: str, kind: str, *inputs: tuple[str, int], optional: frozenset[str] = frozenset()) -> RequestForm:
    infos = tuple(TensorInfo(key, dtype, None) for key, dtype in inputs)
    return RequestForm(Signature(name, f"tensorflow/serving/{kind}", infos, ()), optional)


FORMS = {
    form.signature.name: form
    for form in (
        _form("serving_default", "predict", ("x", FLOAT)),
        _form("two", "predict", ("a", INT32), ("s", STRING), ("f", BOOL), optional=frozenset({"s", "f"})),
        _form("c", "classify", ("inputs", STRING)),
        _form("r", "regress", ("inputs", STRING)),
    )
}
KEYS = ("a.npy", "s.npy", "f.npy", "0/a.npy", "1/a.npy", "0/s.npy", "x", "\u0663/a.npy")
HEADS = tuple(
    b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()
    for text in (
        "{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }\n",
        "{'descr': '<i8', 'fortran_order': True, 'shape': (1, 2), }\n",
        "{'descr': '|S3', 'fortran_order': False, 'shape': (), }\n",
        "{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }\n",
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n",
    )
)
logging.disable()


def check(data: bytes) -> None:
    """Whatever comes, there are requests or a SalverError; requests survive being written and read in either form."""
    kind, content = data[:1], data[1:]
    try:
        if kind == b"\x00":
            records = [record_from_body(body, FORMS) for body in bodies_in(content)]
        else:
            file = content if kind == b"\x01" else _npz(content)
            records = list(records_in_npz(io.BytesIO(file), FORMS["two"]))
    except SalverError as error:
        assert error.message
        return
    for record in records:
        _check_record(record)


def _check_record(record: bytes) -> None:
    found = request_message(record)
    assert found is not None
    api, request = found
    text = "".join(json_lines([body_from_record(record)]))
    (again,) = (record_from_body(body, FORMS) for body in bodies_in(text.encode()))
    assert _content(again) == _content(record)
    if api != "predict":
        return
    try:
        name, arrays = npz_arrays([record])
    except SalverError as error:
        assert error.message  # strings that NPZ files would cut
        return
    assert name == request.model_spec.signature_name
    file = io.BytesIO()
    np.savez(file, **arrays)
    file.seek(0)
    (again,) = records_in_npz(file, FORMS[name])
    assert _content(again) == _content(record)


def _content(record: bytes) -> bytes:
    """A record as bytes that are the same for the same request."""
    found = request_message(record)
    assert found is not None
    return found[1].SerializeToString(deterministic=True)


def _npz(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for piece in content.split(b"\xff")[:8]:
            key, head = sum(piece[:1]) % len(KEYS), sum(piece[1:2]) % (len(HEADS) + 1)
            archive.writestr(KEYS[key], (HEADS[head] if head < len(HEADS) else b"") + piece[2:])
    return file.getvalue()


if __name__ == "__main__":
    atheris.Setup([f"{sys.executable} {__file__}", *sys.argv[1:]], check)  # a merge starts itself anew by that
    atheris.Fuzz()
