"""The files in deploy/: they have the form that the programs they are for ask for, and agree with the server."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from salver.config.model_config_file import parse_models
from salver.config.reader import read_settings
from scripts import chart

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm" / "salver"
SCHEMAS = ROOT / "tests" / "data" / "schemas"
KUBERNETES = json.loads((SCHEMAS / "kubernetes.json").read_text())

TEXT = {"type": "string"}
TEXTS = {"type": "object", "additionalProperties": TEXT}


def closed(required: list[str], **properties: Any) -> dict[str, Any]:
    """A schema of an object with these fields and no others."""
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


def document(api_version: str, spec: dict[str, Any]) -> dict[str, Any]:
    """A schema of a custom resource."""
    metadata = closed(["name"], name=TEXT, labels=TEXTS, annotations=TEXTS)
    kinds = {"apiVersion": {"const": api_version}, "kind": TEXT, "metadata": metadata, "spec": spec}
    return {**closed(["apiVersion", "kind", "metadata", "spec"], **kinds), "$defs": KUBERNETES["$defs"]}


CONTAINER = {"$ref": f"#/$defs/{KUBERNETES['kinds']['Container']}"}
CUSTOM = {
    # The fields of KServe's own Python models (V1alpha1ServingRuntimeSpec, V1alpha1SupportedModelFormat).
    "ServingRuntime": document(
        "serving.kserve.io/v1alpha1",
        closed(
            ["containers", "supportedModelFormats"],
            annotations=TEXTS,
            labels=TEXTS,
            containers={"type": "array", "minItems": 1, "items": CONTAINER},
            disabled={"type": "boolean"},
            multiModel={"type": "boolean"},
            nodeSelector=TEXTS,
            protocolVersions={"type": "array", "items": {"enum": ["v1", "v2", "grpc-v1", "grpc-v2"]}},
            supportedModelFormats={
                "type": "array",
                "minItems": 1,
                "items": closed(
                    ["name"],
                    name=TEXT,
                    version=TEXT,
                    autoSelect={"type": "boolean"},
                    priority={"type": "integer", "minimum": 1},
                ),
            },
        ),
    ),
    "InferenceService": document(
        "serving.kserve.io/v1beta1",
        closed(
            ["predictor"],
            predictor=closed(
                ["model"],
                model=closed(
                    ["modelFormat"],
                    modelFormat=closed(["name"], name=TEXT, version=TEXT),
                    runtime=TEXT,
                    storageUri=TEXT,
                    protocolVersion=TEXT,
                ),
            ),
        ),
    ),
    "ServiceMonitor": document(
        "monitoring.coreos.com/v1",
        closed(
            ["selector", "endpoints"],
            selector=closed(["matchLabels"], matchLabels=TEXTS),
            endpoints={"type": "array", "items": closed(["port"], port=TEXT, path=TEXT, interval=TEXT, scheme=TEXT)},
        ),
    ),
}


def validator(kind: str) -> Any:
    if kind in CUSTOM:
        return jsonschema_rs.validator_for(CUSTOM[kind])
    schema = {"$ref": f"#/$defs/{KUBERNETES['kinds'][kind]}", "$defs": KUBERNETES["$defs"]}
    return jsonschema_rs.validator_for(schema)


def problems(manifest: dict[str, Any]) -> list[str]:
    return [
        f"{error.instance_path}: {error.message}"[:300] for error in validator(manifest["kind"]).iter_errors(manifest)
    ]


def rendered(case: str) -> dict[str, dict[str, Any]]:
    """What the chart becomes, by kind."""
    text = (chart.GOLDEN / f"{case}.yaml").read_text()
    return {each["kind"]: each for each in yaml.safe_load_all(text) if each}


def container_of(case: str) -> dict[str, Any]:
    (container,) = rendered(case)["Deployment"]["spec"]["template"]["spec"]["containers"]
    return container


def kserve(name: str) -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "kserve" / name).read_text())


# --- the chart -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("case", "values"), chart.CASES.items(), ids=chart.CASES)
def test_rendered_files_are_those_of_the_chart(case, values):
    text = (chart.GOLDEN / f"{case}.yaml").read_text()
    assert text.startswith(chart.first_line(values)), "run `make chart`, which needs helm"
    if shutil.which("helm"):
        assert text == chart.first_line(values) + chart.render(values)


@pytest.mark.parametrize("case", chart.CASES)
def test_manifests_have_the_form_that_kubernetes_asks_for(case):
    for manifest in rendered(case).values():
        assert problems(manifest) == [], manifest["kind"]


def test_every_template_is_in_the_full_file():
    kinds = {path.stem for path in (CHART / "templates").glob("*.yaml")}
    assert {kind.lower() for kind in rendered("full")} == kinds


def test_mistake_in_a_manifest_is_found():
    manifest = rendered("default")["Deployment"]
    manifest["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    manifest["spec"]["replicas"] = "two"
    said = "\n".join(problems(manifest))
    assert "livenesProbe" in said
    assert '"two"' in said


VALUES = json.loads((CHART / "values.schema.json").read_text())


@pytest.mark.parametrize("path", [CHART / "values.yaml", chart.GOLDEN / "full.values.yaml"], ids=lambda path: path.name)
def test_values_have_the_form_of_their_schema(path):
    assert [
        error.message for error in jsonschema_rs.validator_for(VALUES).iter_errors(yaml.safe_load(path.read_text()))
    ] == []


def test_schema_of_the_values_knows_each_of_them():
    assert set(VALUES["properties"]) - {"global"} == set(yaml.safe_load((CHART / "values.yaml").read_text()))


@pytest.mark.parametrize(
    "values",
    [
        {"replicas": 2},
        {"models": [{"name": "a"}]},
        {"models": [{"name": 'a"', "basePath": "/a"}]},
        {"models": [{"name": "a", "basePath": "relative"}]},
        {"flags": {"port": 1}},
        {"flags": {"enable-batching": True}},
        {"service": {"restPort": 0}},
        {"startupSeconds": 0},
    ],
)
def test_wrong_values_are_refused(values):
    assert not jsonschema_rs.validator_for(VALUES).is_valid(values)


@pytest.mark.parametrize("case", chart.CASES)
def test_arguments_of_the_pod_are_flags_of_the_server(case):
    settings = read_settings(["--port=8500", "--rest_api_port=8501", *container_of(case)["args"]], {})
    assert settings.warnings == ()
    if case == "full":
        assert settings.values["max_message_bytes"] == 16777216


@pytest.mark.parametrize(("case", "names"), [("default", []), ("full", ["ranker", "tagger"])])
def test_list_of_models_is_one_that_the_server_reads(case, names):
    models = parse_models(rendered(case)["ConfigMap"]["data"]["models.config"], case)
    assert [model.name for model in models] == names
    if case == "full":
        assert models[0].version_labels == {"stable": 7, "canary": 9}


@pytest.mark.parametrize("case", chart.CASES)
def test_pod_lives_longer_than_the_drain(case):
    pod = rendered(case)["Deployment"]["spec"]["template"]["spec"]
    drain = read_settings(container_of(case)["args"], {}).values["drain_timeout_seconds"]
    pause = int(container_of(case)["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] >= drain + pause + 5


@pytest.mark.parametrize("case", chart.CASES)
def test_probes_ask_the_admin_port_which_only_the_kubelet_reaches(case):
    container = container_of(case)
    assert {port["name"]: port["containerPort"] for port in container["ports"]} == {
        "grpc": 8500,
        "rest": 8501,
        "admin": 8502,
    }
    paths = {name: container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    assert {name: probe["path"] for name, probe in paths.items()} == {
        "startup": "/startupz",
        "liveness": "/livez",
        "readiness": "/readyz",
    }
    assert {probe["port"] for probe in paths.values()} == {"admin"}
    open_to_all = [rule for rule in rendered(case)["NetworkPolicy"]["spec"]["ingress"] if "from" not in rule]
    assert [[port["port"] for port in rule["ports"]] for rule in open_to_all] == [["grpc", "rest"]]
    assert "admin" not in [port["targetPort"] for port in rendered(case)["Service"]["spec"]["ports"]]


@pytest.mark.parametrize("container", [container_of("full"), kserve("serving-runtime.yaml")["spec"]["containers"][0]])
def test_containers_have_no_rights(container):
    context = container["securityContext"]
    assert context["allowPrivilegeEscalation"] is False
    assert context["readOnlyRootFilesystem"] is True
    assert context["capabilities"] == {"drop": ["ALL"]}


def test_every_object_has_the_labels_that_select_it():
    selector = rendered("full")["Deployment"]["spec"]["selector"]["matchLabels"]
    assert rendered("full")["Service"]["spec"]["selector"] == selector
    for manifest in [*rendered("full").values(), rendered("full")["Deployment"]["spec"]["template"]]:
        assert selector.items() <= manifest["metadata"]["labels"].items()


def test_version_of_the_chart_is_that_of_the_server():
    document = yaml.safe_load((CHART / "Chart.yaml").read_text())
    version = re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
    assert (document["version"], document["appVersion"]) == (version, version)
    assert f"salver:{version}" == kserve("serving-runtime.yaml")["spec"]["containers"][0]["image"]


# --- KServe ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["serving-runtime.yaml", "inference-service.yaml"])
def test_kserve_files_have_the_form_that_kserve_asks_for(name):
    assert problems(kserve(name)) == []


def test_mistake_in_a_serving_runtime_is_found():
    manifest = kserve("serving-runtime.yaml")
    manifest["spec"]["supportedModelFormat"] = []
    manifest["spec"]["containers"][0]["argz"] = []
    said = "\n".join(problems(manifest))
    assert "supportedModelFormat" in said
    assert "argz" in said


def test_serving_runtime_starts_the_server_as_kserve_expects():
    (container,) = kserve("serving-runtime.yaml")["spec"]["containers"]
    assert container["name"] == "kserve-container"
    values = read_settings([each.replace("{{.Name}}", "ranker") for each in container["args"]], {}).values
    assert (values["model_name"], values["model_base_path"]) == ("ranker", "/mnt/models")
    assert values["rest_api_port"] == container["ports"][0]["containerPort"]
    assert {container[f"{name}Probe"]["httpGet"]["port"] for name in ("startup", "liveness", "readiness")} == {8080}
    assert kserve("inference-service.yaml")["spec"]["predictor"]["model"]["runtime"] == "salver"


# --- compose ---------------------------------------------------------------------------------------------------------

COMPOSE = {name: yaml.safe_load((DEPLOY / name).read_text()) for name in ("compose.yaml", "compose.observability.yaml")}


def test_compose_files_have_the_form_of_the_specification():
    validate = jsonschema_rs.validator_for(json.loads((SCHEMAS / "compose-spec.json").read_text()))
    for name, text in COMPOSE.items():
        assert [f"{error.instance_path}: {error.message}" for error in validate.iter_errors(text)] == [], name
    assert not validate.is_valid({"services": {"salver": {"imag": "x"}}})


def test_mounted_folders_are_there():
    for text in COMPOSE.values():
        for service in text["services"].values():
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                assert (DEPLOY / source).is_dir() if source.startswith(".") else source in text["volumes"]


def test_further_services_listen_on_this_machine_only():
    for service in COMPOSE["compose.observability.yaml"]["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
        assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+\.\d+", service["image"])


def test_prometheus_asks_the_server_where_its_metrics_are():
    (job,) = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yaml").read_text())["scrape_configs"]
    assert job["metrics_path"] == "/monitoring/prometheus/metrics"
    (target,) = job["static_configs"][0]["targets"]
    host, port = target.split(":")
    assert host in COMPOSE["compose.yaml"]["services"]
    assert f"{port}:{port}" in COMPOSE["compose.yaml"]["services"][host]["ports"]


def test_grafana_finds_prometheus_and_the_dashboards():
    services = COMPOSE["compose.observability.yaml"]["services"]
    folder = DEPLOY / "grafana" / "provisioning"
    (source,) = yaml.safe_load((folder / "datasources" / "prometheus.yaml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    assert "9090:9090" in services["prometheus"]["ports"][0]
    (provider,) = yaml.safe_load((folder / "dashboards" / "salver.yaml").read_text())["providers"]
    mounts = dict(volume.split(":")[:2][::-1] for volume in services["grafana"]["volumes"])
    assert (DEPLOY / mounts[provider["options"]["path"]]) == DEPLOY / "grafana"
    assert {source["uid"]} >= data_source_uids(DEPLOY / "grafana")


def data_source_uids(folder: Path) -> set[str]:
    """Fixed data sources of all dashboards; `$name` is chosen by the reader, and `-- ... --` is Grafana's own."""
    texts = " ".join(path.read_text() for path in folder.rglob("*.json"))
    found = re.findall(r'"datasource": *\{[^}]*"uid": *"([^"]*)"', texts)
    return {uid for uid in found if not uid.startswith(("$", "--"))}


def test_scripts_of_the_container_are_what_a_shell_reads():
    words = shlex.split((DEPLOY / "entrypoint.sh").read_text(), comments=True)
    assert words[-5:] == ["exec", "tensorflow_model_server", "--port=8500", "--rest_api_port=8501", "$@"]
