import pytest

from salver import wire
from salver.bench.model_address import ModelAddress


@pytest.mark.parametrize(
    ("model", "path", "version", "label"),
    [
        (ModelAddress(name="m"), "/v1/models/m", 0, ""),
        (ModelAddress(name="m", version=4), "/v1/models/m/versions/4", 4, ""),
        (ModelAddress(name="m/n", label="new one"), "/v1/models/m%2Fn/labels/new%20one", 0, "new one"),
    ],
)
def test_a_model_is_named_on_both_protocols(model, path, version, label):
    spec = wire.ModelSpec()
    model.fill(spec)
    assert (spec.name, spec.version.value, spec.version_label) == (model.name, version, label)
    assert model.rest_path == path
