"""inference.md section 4 and wire.md section 10.2: tensors of every type, in every form."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from tests.support.spec_tables import Rpc, Table
from tests.support.tensor_text import fed, given, octets, spec, tensor

BAD = "INVALID_ARGUMENT"


@dataclass(frozen=True)
class Dtype:
    """How one type is carried."""

    number: int
    name: str
    echo: str
    """The end of the signature's name."""
    field: str
    items: tuple[str, str, str]
    """Three values as text; a float8_val has them in one string."""
    packed: bytes
    """The same three values as tensor_content."""
    zero: str
    other: str
    """A value in a field of another type."""

    def values(self, *items: str) -> str:
        """The typed field with these values."""
        if self.field == "float8_val":
            return f'float8_val: "{"".join(items)}"'
        return "".join(f"{self.field}: {value} " for item in items for value in item.split())


def ints(number: int, name: str, form: str, low: int, high: int, *, field: str = "int_val", echo: str = "") -> Dtype:
    other = "int64_val: 7" if field != "int64_val" else "int_val: 7"
    items = (str(high), str(low), "1")
    return Dtype(number, name, echo or name, field, items, struct.pack(f"<3{form}", high, low, 1), "0", other)


def float8(number: int, name: str) -> Dtype:
    return Dtype(number, name, name, "float8_val", (r"\x38", r"\x01", r"\x40"), b"\x38\x01\x40", r"\x00", "int_val: 7")


HALVES = ("15360", "49152", "1")
COMPLEX = ("1.5 -2.0", "0.0 3.0", "4.0 5.0")
DTYPES = (
    Dtype(1, "float", "float32", "float_val", ("1.5", "-2.0", "3e38"), struct.pack("<3f", 1.5, -2, 3e38), "0.0",
          "double_val: 7"),
    Dtype(2, "double", "float64", "double_val", ("1.5", "-2.0", "1e300"), struct.pack("<3d", 1.5, -2, 1e300), "0.0",
          "float_val: 7"),
    ints(3, "int32", "i", -(2**31), 2**31 - 1),
    ints(4, "uint8", "B", 0, 255),
    ints(5, "int16", "h", -(2**15), 2**15 - 1),
    ints(6, "int8", "b", -128, 127),
    Dtype(7, "string", "string", "string_val", (r'"ab"', r'""', r'"\xff\x00"'), b"\x02\x00\x02ab\xff\x00", '""',
          "int_val: 7"),
    Dtype(8, "complex64", "complex64", "scomplex_val", COMPLEX, struct.pack("<6f", 1.5, -2, 0, 3, 4, 5), "0.0 0.0",
          "dcomplex_val: [7, 7]"),
    ints(9, "int64", "q", -(2**63), 2**63 - 1, field="int64_val"),
    Dtype(10, "bool", "bool", "bool_val", ("true", "false", "true"), b"\x01\x00\x01", "false", "int_val: 1"),
    ints(11, "qint8", "b", -128, 127),
    ints(12, "quint8", "B", 0, 255),
    ints(13, "qint32", "i", -(2**31), 2**31 - 1),
    Dtype(14, "bfloat16", "bfloat16", "half_val", ("16256", "49152", "1"), struct.pack("<3H", 16256, 49152, 1), "0",
          "int_val: 7"),
    ints(15, "qint16", "h", -(2**15), 2**15 - 1),
    ints(16, "quint16", "H", 0, 2**16 - 1),
    ints(17, "uint16", "H", 0, 2**16 - 1),
    Dtype(18, "complex128", "complex128", "dcomplex_val", COMPLEX, struct.pack("<6d", 1.5, -2, 0, 3, 4, 5), "0.0 0.0",
          "scomplex_val: [7, 7]"),
    Dtype(19, "half", "half", "half_val", HALVES, struct.pack("<3H", 15360, 49152, 1), "0", "int_val: 7"),
    ints(22, "uint32", "I", 0, 2**32 - 1, field="uint32_val"),
    ints(23, "uint64", "Q", 0, 2**64 - 1, field="uint64_val"),
    float8(24, "float8_e5m2"),
    float8(25, "float8_e4m3fn"),
    float8(26, "float8_e4m3fnuz"),
    float8(27, "float8_e4m3b11fnuz"),
    float8(28, "float8_e5m2fnuz"),
    ints(29, "int4", "b", -8, 7),
    ints(30, "uint4", "B", 0, 15),
)  # fmt: skip
FLOAT, INT32, INT8, UINT8 = (next(one for one in DTYPES if one.number == at) for at in (1, 3, 6, 4))


def echo(
    row: int, what: str, dtype: Dtype, values: str, back: tuple[str, ...] | None, shape: list[int] | None = None
) -> Rpc:
    """Send `values` for a shape ([3] unless told) and expect the items `back`; None expects a refusal."""
    dims = [3] if shape is None else shape
    signature = f"echo_{dtype.echo}"
    request = spec("echo_all_dtypes", signature) + fed("x", tensor(str(dtype.number), dims, values))
    what = f"{dtype.name}: {what}"
    if back is None:
        return Rpc(row, what, request=request, code=BAD, says=("x",))
    answer = given("y", tensor(str(dtype.number), dims, dtype.values(*back) if back else ""))
    return Rpc(row, what, request=request, answer=answer + spec("echo_all_dtypes", signature, 1))


def refused(row: int, what: str, value: str, *, model: str = "half_plus_two") -> Rpc:
    return Rpc(row, what, request=spec(model) + fed("x", value), code=BAD, says=("x",))


# --- wire 10.2 -------------------------------------------------------------------------------------------------------


def row_of(dtype: Dtype) -> int:
    return min(dtype.number, 29) + 1


CARRIERS = Table("wire", "10.2", "Types and their carriers, typed and packed, there and back", 31)


@CARRIERS.each(
    refused(1, "DT_INVALID", tensor("DT_INVALID", [1], "float_val: 1")),
    *(echo(row_of(dtype), "typed", dtype, dtype.values(*dtype.items), dtype.items) for dtype in DTYPES),
    *(echo(row_of(dtype), "packed", dtype, f"tensor_content: {octets(dtype.packed)}", dtype.items) for dtype in DTYPES),
    *(
        echo(row_of(dtype), "packed, a byte too few", dtype, f"tensor_content: {octets(dtype.packed[:-1])}", None)
        for dtype in DTYPES
    ),
    refused(21, "DT_RESOURCE", tensor("DT_RESOURCE", [1], "resource_handle_val {}")),
    refused(22, "DT_VARIANT", tensor("DT_VARIANT", [1], "variant_val {}")),
    *(refused(31, f"type {number}", tensor(str(number), [1], "int_val: 1")) for number in (31, 32, 33)),
)
def test_carriers(check: Callable[[Rpc], None], case: Rpc) -> None:
    check(case)


# --- 4.1 -------------------------------------------------------------------------------------------------------------

ACCEPTING = Table("inference", "4.1", "Accepting a tensor", 7)
ONE = "float_val: 1"


@ACCEPTING.each(
    *(
        refused(1, f"dtype {number}", tensor(str(number), [1], ONE))
        for number in ("0", "34", "99", "101", "107", "133", "2147483647", "-1")
    ),
    echo(2, "a shape without dimensions is a scalar", FLOAT, ONE, ("1",), []),
    Rpc(
        2,
        "no shape is a scalar",
        request=spec("half_plus_two") + fed("x", tensor("DT_FLOAT", None, ONE)),
        answer=given("y", tensor("DT_FLOAT", [], "float_val: 2.5")) + spec("half_plus_two", "serving_default", 1),
    ),
    refused(3, "a negative dimension", tensor("DT_FLOAT", [-1], ONE)),
    refused(3, "too many elements for 64 bits", tensor("DT_FLOAT", [2**40, 2**40], ONE)),
    Rpc(
        3,
        "more bytes than a request may take",
        request=spec("half_plus_two") + fed("x", tensor("DT_FLOAT", [2**62], ONE)),
        code="RESOURCE_EXHAUSTED",
        differs="One value fills a tensor of any shape, so a few bytes could ask for any amount of memory; what a "
        "request may take is bounded here.",
    ),
    Rpc(
        4,
        "unknown_rank is ignored: no dimensions",
        request=spec("half_plus_two") + fed("x", "dtype: DT_FLOAT tensor_shape { unknown_rank: true } float_val: 1"),
        answer=given("y", tensor("DT_FLOAT", [], "float_val: 2.5")) + spec("half_plus_two", "serving_default", 1),
    ),
    Rpc(
        4,
        "unknown_rank is ignored: dimensions",
        request=spec("half_plus_two")
        + fed("x", "dtype: DT_FLOAT tensor_shape { unknown_rank: true dim { size: 2 } } float_val: 1"),
        answer=given("y", tensor("DT_FLOAT", [2], "float_val: 2.5 float_val: 2.5"))
        + spec("half_plus_two", "serving_default", 1),
    ),
    echo(5, "packed bytes win over values", INT32, r'tensor_content: "\x01\0\0\0" int_val: 7', ("1",), [1]),
    echo(5, "packed bytes, one too many", INT32, r'tensor_content: "\x01\0\0\0\0"', None, [1]),
    echo(5, "packed bytes, none of four", INT32, r'tensor_content: "\x01"', None, [1]),
    echo(6, "without packed bytes the typed field", INT32, 'tensor_content: "" int_val: 7', ("7",), [1]),
    *(echo(7, "zero elements", dtype, "", (), [0]) for dtype in DTYPES),
    *(echo(7, "zero elements, values are ignored", dtype, dtype.values(*dtype.items), (), [2, 0]) for dtype in DTYPES),
)
def test_accepting(check: Callable[[Rpc], None], case: Rpc) -> None:
    check(case)


BOOLS = Table("inference", "4.1-bool", "A packed bool", 1)


@BOOLS.each(
    *(
        Rpc(
            1,
            f"the byte {byte}",
            request=spec("echo_all_dtypes", "echo_bool")
            + fed("x", tensor("DT_BOOL", [1], f"tensor_content: {octets(bytes([byte]))}")),
            code=BAD if byte > 1 else "OK",
        )
        for byte in (0, 1, 2, 255)
    )
)
def test_packed_bools(check: Callable[[Rpc], None], case: Rpc) -> None:
    check(case)


# --- 4.2 -------------------------------------------------------------------------------------------------------------

COUNTS = Table(
    "inference",
    "4.2",
    "More or fewer values than elements",
    6,
    elsewhere={6: "resource and variant tensors are refused: wire-10.2-row-21 and 22"},
)


@COUNTS.each(
    *(echo(1, "as many as elements", dtype, dtype.values(*dtype.items), dtype.items) for dtype in DTYPES),
    *(
        echo(2, "two of three", dtype, dtype.values(*dtype.items[:2]), (*dtype.items[:2], dtype.items[1]))
        for dtype in DTYPES
    ),
    *(echo(2, "one of three", dtype, dtype.values(dtype.items[0]), dtype.items[:1] * 3) for dtype in DTYPES),
    *(echo(3, "none", dtype, "", (dtype.zero,) * 3) for dtype in DTYPES),
    *(echo(4, "one too many", dtype, dtype.values(*dtype.items, dtype.items[0]), dtype.items) for dtype in DTYPES),
    *(echo(5, "in the wrong field", dtype, dtype.other, (dtype.zero,) * 3) for dtype in DTYPES),
)
def test_counts(check: Callable[[Rpc], None], case: Rpc) -> None:
    check(case)


NARROW = Table("inference", "4.2-narrow", "Narrow types and 16-bit patterns", 4)
HALF, BFLOAT16, COMPLEX64 = (next(one for one in DTYPES if one.number == at) for at in (19, 14, 8))


@NARROW.each(
    echo(1, "300 wraps", INT8, "int_val: 300", ("44",), [1]),
    echo(1, "-129 wraps", INT8, "int_val: -129", ("127",), [1]),
    echo(1, "-1 wraps", UINT8, "int_val: -1", ("255",), [1]),
    echo(1, "256 wraps", UINT8, "int_val: 256", ("0",), [1]),
    echo(2, "low 16 bits are the pattern", HALF, "half_val: 15360", ("15360",), [1]),
    echo(2, "low 16 bits are the pattern", BFLOAT16, "half_val: 16256", ("16256",), [1]),
    echo(2, "upper bits are ignored", HALF, "half_val: 80896", ("15360",), [1]),
    echo(2, "upper bits are ignored", BFLOAT16, "half_val: 81792", ("16256",), [1]),
    echo(3, "two values make one element", COMPLEX64, "scomplex_val: [1, 2]", ("1.0 2.0",), [1]),
    echo(4, "float8 takes one byte for each element", DTYPES[-4], r'float8_val: "\x01\x02"', (r"\x01", r"\x02"), [2]),
)
def test_narrow(check: Callable[[Rpc], None], case: Rpc) -> None:
    check(case)


# --- 4.3 -------------------------------------------------------------------------------------------------------------

STRINGS = Table("inference", "4.3", "Strings", 3)
STRING = DTYPES[6]


@STRINGS.each(
    echo(1, "any bytes, one entry each", STRING, r'string_val: "\x80\xff" string_val: ""', (r'"\x80\xff"', '""'), [2]),
    echo(2, "packed: lengths, then bytes", STRING, r'tensor_content: "\x02\x01abc"', ('"ab"', '"c"'), [2]),
    echo(
        2,
        "packed: a length of two bytes",
        STRING,
        f"tensor_content: {octets(bytes([0xC8, 0x01]) + b'z' * 200)}",
        ('"' + "z" * 200 + '"',),
        [1],
    ),
    echo(3, "packed: a byte too many", STRING, r'tensor_content: "\x02\x01abcd"', None, [2]),
    echo(3, "packed: a byte too few", STRING, r'tensor_content: "\x02\x01ab"', None, [2]),
    echo(3, "packed: a length is missing", STRING, r'tensor_content: "\x02"', None, [2]),
    echo(3, "packed: a length that never ends", STRING, f"tensor_content: {octets(bytes([0xFF] * 11))}", None, [2]),
)
def test_strings(check: Callable[[Rpc], None], case: Rpc) -> None:
    check(case)


# --- 4.4 -------------------------------------------------------------------------------------------------------------

PRODUCING = Table("inference", "4.4", "Producing a tensor", 5)


@PRODUCING.each(
    echo(1, "a scalar has a shape without dimensions", FLOAT, ONE, ("1",), []),
    echo(2, "equal values are all written", FLOAT, ONE, ("1", "1", "1")),
    echo(3, "half goes to half_val", HALF, HALF.values(*HALF.items), HALF.items),
    echo(3, "int8 goes to int_val", INT8, INT8.values(*INT8.items), INT8.items),
    echo(3, "uint32 goes to its own field", DTYPES[19], "uint32_val: 4294967295", ("4294967295",) * 3),
    echo(4, "an empty tensor has no values", FLOAT, "", (), [0, 4]),
    Rpc(
        5,
        "version_number stays 0, whatever came",
        request=spec("half_plus_two") + fed("x", tensor("DT_FLOAT", [1], "float_val: 1 version_number: 9")),
        answer=given("y", tensor("DT_FLOAT", [1], "float_val: 2.5")) + spec("half_plus_two", "serving_default", 1),
    ),
)
def test_producing(check: Callable[[Rpc], None], case: Rpc) -> None:
    check(case)
