"""Cut the schemas of a few kinds out of those of all of Kubernetes, for `tests/unit/test_deployment.py`.

python tests/data/make_schemas.py FOLDER

FOLDER holds one release of Kubernetes as JSON schemas with local references, strict ones, as the package
kubernetes-validate has them (kubernetes-json-schema/v1.33.0-local-strict). They are made from the OpenAPI description
of Kubernetes, which is under the Apache License 2.0. Descriptions are left out.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
KINDS = {
    "ConfigMap": "io.k8s.api.core.v1.ConfigMap",
    "Container": "io.k8s.api.core.v1.Container",
    "Deployment": "io.k8s.api.apps.v1.Deployment",
    "HorizontalPodAutoscaler": "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler",
    "NetworkPolicy": "io.k8s.api.networking.v1.NetworkPolicy",
    "PodDisruptionBudget": "io.k8s.api.policy.v1.PodDisruptionBudget",
    "Service": "io.k8s.api.core.v1.Service",
    "ServiceAccount": "io.k8s.api.core.v1.ServiceAccount",
}


def plain(node: Any) -> Any:
    """A schema without descriptions, its references turned to this document."""
    if isinstance(node, list):
        return [plain(each) for each in node]
    if not isinstance(node, dict):
        return node
    kept = {
        name: plain(value) for name, value in node.items() if not (name == "description" and isinstance(value, str))
    }
    if "$ref" in kept:
        kept["$ref"] = "#/$defs/" + kept["$ref"].rpartition("/")[2]
    return kept


def references(node: Any) -> set[str]:
    """Names of the definitions that a schema refers to."""
    if isinstance(node, list):
        return set().union(*map(references, node))
    if not isinstance(node, dict):
        return set()
    own = {node["$ref"].rpartition("/")[2]} if isinstance(node.get("$ref"), str) else set()
    return own.union(*(references(value) for value in node.values()))


def main(folder: str) -> None:
    every = json.loads((Path(folder) / "_definitions.json").read_text())["$defs"]
    waiting, kept = set(KINDS.values()), {}
    while waiting:
        name = waiting.pop()
        kept[name] = plain(every[name])
        waiting |= references(kept[name]) - kept.keys()
    release = Path(folder).name.split("-")[0]
    document = {"release": release, "kinds": KINDS, "$defs": dict(sorted(kept.items()))}
    (HERE / "schemas" / "kubernetes.json").write_text(
        json.dumps(document, separators=(",", ":"), sort_keys=True) + "\n"
    )


if __name__ == "__main__":
    main(sys.argv[1])
