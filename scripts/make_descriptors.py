"""Compile `proto/` into the one descriptor file that the package reads.

Run by `make proto` after a change of `proto/`; needs grpcio-tools, which the package itself does not. The result
carries all imports, the well-known types included, and no source comments; every file comes after its imports.
"""

from __future__ import annotations

import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
TARGET = ROOT / "python" / "salver" / "wire" / "descriptors.binpb"


def compile_descriptors() -> bytes:
    """The serialized FileDescriptorSet of everything under `proto/`."""
    import grpc_tools  # type: ignore[import-untyped]
    from grpc_tools import protoc

    well_known = pathlib.Path(grpc_tools.__file__).parent / "_proto"
    files = sorted(str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto"))
    with tempfile.TemporaryDirectory() as folder:
        target = pathlib.Path(folder) / "descriptors.binpb"
        flags = [f"--proto_path={PROTO}", f"--proto_path={well_known}", "--include_imports"]
        if protoc.main(["protoc", *flags, f"--descriptor_set_out={target}", *files]) != 0:
            raise SystemExit("protoc failed")
        return target.read_bytes()


def main() -> None:
    """Write the file; with `--check` only say whether it is up to date."""
    made = compile_descriptors()
    if "--check" in sys.argv[1:]:
        if not TARGET.exists() or TARGET.read_bytes() != made:
            raise SystemExit(f"{TARGET.relative_to(ROOT)} is not what proto/ says: run `make proto`")
        return
    TARGET.write_bytes(made)
    print(f"{TARGET.relative_to(ROOT)}: {len(made)} bytes")


if __name__ == "__main__":
    main()
