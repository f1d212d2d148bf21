import json

from salver.bench.machine import _first, machine


def test_a_machine_is_told_in_json():
    told = json.loads(json.dumps(machine()))
    assert told["processor"]
    assert told["num_cpus"] >= 1


def test_values_are_found_by_name(tmp_path):
    file = tmp_path / "cpuinfo"
    file.write_text("vendor_id : x\nmodel name\t: Good One: II\n")
    assert _first(str(file), "model name") == "Good One: II"
    assert _first(str(file), "other") is None
    assert _first(str(tmp_path / "none"), "model name") is None
