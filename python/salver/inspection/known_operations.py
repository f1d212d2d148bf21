"""The operations that the installed TensorFlow has, asked of its C library, which takes a second to open."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence

from salver.errors import FailedPreconditionError
from salver.inspection.proto_fields import Span
from salver.servables.tensorflow_library import find_tensorflow_libraries

_OPS, _NAME = 1, 1


class _Buffer(ctypes.Structure):
    """TF_Buffer of TensorFlow's C API."""

    _fields_ = (("data", ctypes.c_void_p), ("length", ctypes.c_size_t), ("deallocator", ctypes.c_void_p))


def known_operations(libraries: Sequence[str] | None = None) -> frozenset[str]:
    """Return the names of all operations of TensorFlow's libraries.

    Raises:
        FailedPreconditionError: They are not installed, or cannot be opened.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # its notes on its start are nothing to a reader
    try:
        # Locally, as the server opens them: see the design notes on other extensions in C++.
        opened = [ctypes.CDLL(path, ctypes.RTLD_LOCAL) for path in libraries or find_tensorflow_libraries()]
    except OSError as error:
        raise FailedPreconditionError(f"TensorFlow's libraries cannot be opened: {error}") from None
    get, delete = opened[-1].TF_GetAllOpList, opened[-1].TF_DeleteBuffer
    get.restype, delete.argtypes = ctypes.POINTER(_Buffer), [ctypes.POINTER(_Buffer)]
    buffer = get()
    try:
        content = memoryview(ctypes.string_at(buffer.contents.data, buffer.contents.length))
    finally:
        delete(buffer)
    names = (definition.first(_NAME) for definition in Span(content, 0, len(content)).messages(_OPS))
    return frozenset(name.content().decode() for name in names if name is not None)
