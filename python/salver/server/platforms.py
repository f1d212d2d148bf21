"""The platforms of a server as it is configured: loaders with all that its configuration adds to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from salver.boundary import UNBATCHED
from salver.config.server_config import ModelConfig, ServerConfig
from salver.core.ids import ServableId
from salver.core.loader import Loader
from salver.core.storage_path import StoragePath
from salver.errors import InvalidArgumentError
from salver.servables.loaders import (
    TENSORFLOW,
    LoaderFactory,
    Platform,
    PlatformContext,
    PlatformRegistry,
    tensorflow_platform,
)
from salver.servables.page_cache import PageCacheLeavingLoader
from salver.servables.tensorflow_library import TensorFlowLibrary
from salver.server import manager_setup
from salver.server.batching_loader import BatchingLoader, policy_of_directory
from salver.server.batching_policies import BatchingPolicies, OwnPolicy
from salver.server.warming_loader import WarmingLoader, WarmUp


class Platforms:
    """Gives the loader factory of a platform."""

    def __init__(
        self,
        config: ServerConfig,
        library: TensorFlowLibrary,
        batching: BatchingPolicies,
        extra: Mapping[str, Platform] | None = None,
        *,
        warm_up_for: Callable[[ServerConfig], WarmUp | None] = lambda _: None,
    ) -> None:
        """Make the platforms of a server.

        Args:
            config: The server's configuration.
            library: What SavedModels run on.
            batching: Where the policies that versions have of their own are noted.
            extra: Platforms of the program, which go before all others.
            warm_up_for: Gives the warm-up of a platform with this configuration; None is none.
        """
        self._config = config
        self._library = library
        self._batching = batching
        self._extra = dict(extra or {})
        self._warm_up_for = warm_up_for
        self._registry = PlatformRegistry(self._context(config), self._extra)

    def config_of(self, platform: str) -> ServerConfig:
        """Return what holds for the models of this platform."""
        if self._is_from_file(platform):
            return (self._config.tensorflow_platforms or {})[platform]
        return self._config

    def is_tensorflow(self, platform: str) -> bool:
        """Whether models of this platform run on TensorFlow's library."""
        return platform == TENSORFLOW or self._is_from_file(platform)

    def saved_model_tags(self, platform: str) -> tuple[str, ...]:
        """Return the tags by which SavedModels of this platform are chosen; empty for other kinds of models."""
        return self.config_of(platform).saved_model_tags if self.is_tensorflow(platform) else ()

    def loader_factory(self, platform: str) -> LoaderFactory:
        """Return the factory of this platform.

        Raises:
            InvalidArgumentError: No such platform, or it cannot be imported.
        """
        config, factory = self.config_of(platform), self._factory(platform)
        warm_up = self._warm_up_for(config)

        def make_cold(id: ServableId, path: StoragePath) -> Loader:
            loader, own = factory(id, path), self._own_policy(platform, path)
            return loader if own is None else BatchingLoader(loader, id, own, self._batching)

        def make_loader(id: ServableId, path: StoragePath) -> Loader:
            loader = (
                make_cold(id, path)
                if warm_up is None
                else WarmingLoader(id, path, partial(make_cold, id, path), warm_up)
            )
            return PageCacheLeavingLoader(loader, path) if config.flush_filesystem_caches else loader

        return make_loader

    def routes(self, models: Iterable[ModelConfig]) -> dict[str, LoaderFactory]:
        """Return the factory of each of these models, by name.

        Raises:
            InvalidArgumentError: There is no such platform; names the model.
        """
        routes, factories = {}, dict[str, LoaderFactory]()
        for model in models:
            try:
                if model.platform not in factories:
                    factories[model.platform] = self.loader_factory(model.platform)
                routes[model.name] = factories[model.platform]
            except InvalidArgumentError as error:
                raise InvalidArgumentError(
                    f"Model {model.name} requests unsupported platform {model.platform}: {error.message}"
                ) from error
        return routes

    def _own_policy(self, platform: str, directory: StoragePath) -> Callable[[], OwnPolicy] | None:
        """How to get what a version does not take from the server; None where it takes everything."""
        config = self.config_of(platform)
        if config.enable_batching and config.enable_per_model_batching:
            return partial(policy_of_directory, directory)
        if not self._is_from_file(platform):
            return None
        return partial(OwnPolicy, config.batching.policy if config.enable_batching else UNBATCHED)

    def _factory(self, platform: str) -> LoaderFactory:
        if self._is_from_file(platform):
            return tensorflow_platform(self._context(self.config_of(platform)))
        known = self._config.tensorflow_platforms
        if known is not None and platform == TENSORFLOW and platform not in self._extra:
            raise InvalidArgumentError(f"the platform config file has only {', '.join(sorted(known))}")
        return self._registry.loader_factory(platform)

    def _is_from_file(self, platform: str) -> bool:
        return platform not in self._extra and platform in (self._config.tensorflow_platforms or {})

    def _context(self, config: ServerConfig) -> PlatformContext:
        return PlatformContext(
            tensorflow_library=self._library,
            tensorflow_options=manager_setup.tensorflow_options(config),
            tflite_options=manager_setup.tflite_options(config),
        )
