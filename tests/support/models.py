"""Where the models of tests and benchmarks are found."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support import wire

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "tests" / "data" / "models"
PYTHON_MODELS = ROOT / "tests" / "e2e" / "models"
HALF_PLUS_TWO = MODELS / "half_plus_two"
"""The base path of a model that answers y = x / 2 + 2 for x of shape [n], in version 1."""


@dataclass(frozen=True)
class ModelEntry:
    """One entry of a model config file."""

    base_path: Path
    more: str = ""
    """Further fields as text."""
    platform: str = "tensorflow"


def reference_model(name: str) -> Path | None:
    """The base path of one of TensorFlow Serving's own test models; None where they are not at hand.

    They are looked for in `$SALVER_TESTDATA` and beside the repository, and are never copied into it.
    """
    set_by_user = os.environ.get("SALVER_TESTDATA")
    folder = Path(set_by_user) if set_by_user else ROOT.parent / "shared" / "testdata"
    for path in (folder / "tensorflow_serving" / name, folder / name):
        if path.is_dir():
            return path
    return None


def half_plus_two_request(*values: float, model: str = "half_plus_two", version: int | None = None) -> bytes:
    """A PredictRequest for x / 2 + 2."""
    spec = wire.Spec(model, version)
    return wire.predict_request(spec, {"x": wire.float_tensor(values, [len(values)])})


def is_half_plus_two(*values: float) -> Callable[[bytes], bool]:
    """Whether a PredictResponse answers `half_plus_two_request(*values)`."""
    expected = [value / 2 + 2 for value in values]
    return lambda answer: bool(wire.parse_predict_reply(answer).outputs["y"].reshape(-1).tolist() == expected)


def config_file(folder: Path, models: Mapping[str, Path | ModelEntry]) -> Path:
    """Write a model_config_list for these models, by name."""
    lines = []
    for name, value in models.items():
        entry = value if isinstance(value, ModelEntry) else ModelEntry(value)
        lines.append(
            f'  config {{ name: "{name}" base_path: "{entry.base_path}" '
            f'model_platform: "{entry.platform}" {entry.more} }}'
        )
    file = folder / "models.config"
    file.write_text("\n".join(["model_config_list {", *lines, "}", ""]))
    return file
