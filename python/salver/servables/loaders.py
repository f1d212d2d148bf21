"""Platforms: which loader reads the versions of a model.

A model's configuration names its platform. Salver brings some; others come from installed packages, which register a
`Platform` under their platform's name as an entry point of the group `salver.loaders`:

```toml
[project.entry-points."salver.loaders"]
my_format = "my_package.loader:platform"
```

```python
def platform(context: PlatformContext) -> LoaderFactory:
    return lambda id, path: MyLoader(path)
```
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from salver.boundary import TensorFlowOptions
from salver.core.ids import ServableId
from salver.core.loader import Loader
from salver.core.storage_path import StoragePath
from salver.errors import InvalidArgumentError, as_salver_error
from salver.servables.tensorflow_library import TensorFlowLibrary
from salver.servables.tflite.options import TfLiteOptions

ENTRY_POINT_GROUP = "salver.loaders"

TENSORFLOW = "tensorflow"
"""The platform of SavedModels, and of TFLite models where those are preferred."""

LoaderFactory: TypeAlias = Callable[[ServableId, StoragePath], Loader]
"""Makes the loader of one version; quick, the work is done by `Loader.load`."""


@dataclass(frozen=True, kw_only=True)
class PlatformContext:
    """What a server offers to its platforms."""

    tensorflow_library: TensorFlowLibrary
    tensorflow_options: TensorFlowOptions = field(default_factory=TensorFlowOptions)
    tflite_options: TfLiteOptions = field(default_factory=TfLiteOptions)


Platform: TypeAlias = Callable[[PlatformContext], LoaderFactory]
"""What an entry point refers to; called once per server that needs the platform."""

# Spelled out rather than looked up as entry points: reading those of all packages would cost start-up time.
BUILT_IN: Mapping[str, str] = MappingProxyType(
    {
        TENSORFLOW: "salver.servables.loaders:tensorflow_platform",
        "tflite": "salver.servables.tflite.loader:platform",
        "python": "salver.servables.python_loader:platform",
        "lookup_table": "salver.servables.lookup_table:platform",
    }
)


def tensorflow_platform(context: PlatformContext) -> LoaderFactory:
    """Return the factory for SavedModels and, where preferred, TFLite models."""
    from salver.servables.saved_model import SavedModelLoader
    from salver.servables.tflite.loader import TfLiteLoader, is_tflite_directory

    def make_loader(id: ServableId, path: StoragePath) -> Loader:
        if context.tflite_options.prefer_tflite and is_tflite_directory(path):
            return TfLiteLoader(id, path, context.tflite_options)
        return SavedModelLoader(id, path, context.tensorflow_library, context.tensorflow_options)

    return make_loader


class PlatformRegistry:
    """The platforms of one server, found when first asked for."""

    def __init__(self, context: PlatformContext, extra: Mapping[str, Platform] | None = None) -> None:
        """Make a registry; `extra` goes before what Salver brings and what is installed."""
        self._context = context
        self._extra = dict(extra or {})
        self._factories: dict[str, LoaderFactory] = {}

    def loader_factory(self, platform: str) -> LoaderFactory:
        """Return the factory of this platform.

        Raises:
            InvalidArgumentError: No such platform, or it cannot be imported.
        """
        factory = self._factories.get(platform)
        if factory is None:
            factory = self._factories[platform] = self._find(platform)(self._context)
        return factory

    def _find(self, name: str) -> Platform:
        if name in self._extra:
            return self._extra[name]
        try:
            return _built_in(name) or _installed(name)
        except InvalidArgumentError:
            raise
        except Exception as error:
            raise InvalidArgumentError(
                f"platform {name} cannot be imported: {as_salver_error(error).message}"
            ) from error


def _built_in(name: str) -> Platform | None:
    reference = BUILT_IN.get(name)
    if reference is None:
        return None
    module, _, attribute = reference.partition(":")
    platform: Platform = getattr(importlib.import_module(module), attribute)
    return platform


def _installed(name: str) -> Platform:
    from importlib.metadata import entry_points  # not on the start path

    found = {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}
    if name not in found:
        known = sorted({*BUILT_IN, *found})
        raise InvalidArgumentError(f"no platform is called {name}; known: {', '.join(known)}")
    platform: Platform = found[name].load()
    return platform
