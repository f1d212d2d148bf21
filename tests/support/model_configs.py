"""Random lists of models in text form, right and wrong, over one folder of base paths."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

LATEST, ALL, FIRST = "latest {}", "all {}", "specific { versions: 1 }"
_SERVED = {LATEST: {2}, ALL: {1, 2}, FIRST: {1}}
"""What a base path with versions 1 and 2 serves under each policy."""

PLATFORMS = {f"m{number}": "tensorflow" if number < 2 else "lookup_table" for number in range(6)}
"""Models that come and go, with their platforms; each has versions 1 and 2."""
STEADY = "steady"
"""A model that every list has; it has versions 1 and 2, a changing policy, and the label `first` on version 1."""
UNFOUND = "unfound"
"""A model without a base path: a list with it is put in force, and answered with an error."""


@dataclass(frozen=True)
class RandomConfig:
    """A ModelServerConfig in text form."""

    text: str
    serving: dict[str, set[int]]
    """The versions that serve in the end, by model, if the list is put in force."""
    is_wrong: bool = False


def random_config(rng: random.Random, folder: Path) -> RandomConfig:
    """Make a list that is right in about three of four cases."""
    models = {STEADY: rng.choice([ALL, FIRST])}
    models |= {name: rng.choice(list(_SERVED)) for name in rng.sample(sorted(PLATFORMS), rng.randint(0, 3))}
    entries = [_entry(folder, name, policy) for name, policy in models.items()]
    if rng.random() < 0.1:
        entries.append(_entry(folder, UNFOUND, LATEST))
    is_wrong = rng.random() < 0.25
    if is_wrong:
        entries.append(rng.choice(_mistakes(folder)))
    rng.shuffle(entries)
    serving = {name: _SERVED[policy] for name, policy in models.items()}
    return RandomConfig(f"model_config_list {{ {' '.join(entries)} }}", serving, is_wrong)


def _entry(folder: Path, name: str, policy: str) -> str:
    platform = PLATFORMS.get(name, "tensorflow")
    label = 'version_labels { key: "first" value: 1 }' if name == STEADY else ""
    return (
        f'config {{ name: "{name}" base_path: "{folder / name}" model_platform: "{platform}" '
        f"model_version_policy {{ {policy} }} {label} }}"
    )


def _mistakes(folder: Path) -> list[str]:
    """Entries of which each makes any list wrong, although as text it is right."""
    good = _entry(folder, "extra", ALL)
    return [
        _entry(folder, STEADY, ALL),
        good.replace(str(folder), "relative"),
        good.replace('name: "extra"', ""),
        good.replace('model_platform: "tensorflow"', ""),
        good.replace('"tensorflow"', '"abacus"'),
        good.replace('model_platform: "tensorflow"', "model_type: OTHER"),
        good.replace('model_platform: "tensorflow"', 'model_platform: "tensorflow" model_type: TENSORFLOW'),
        good.replace("all {}", "specific { versions: -1 }"),
        good.replace("all {}", 'all {} } version_labels { key: "" value: 1'),
        good.replace("all {}", "all {} } logging_config { sampling_config { sampling_rate: 2 }"),
    ]
