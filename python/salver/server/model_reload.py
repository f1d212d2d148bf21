"""Changing the list of models by request."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from salver.boundary import ControlCall
from salver.config.server_config import ModelConfig
from salver.errors import InvalidArgumentError, SalverError
from salver.server.requests import parsed

if TYPE_CHECKING:
    from salver.wire.pool import Message

logger = logging.getLogger(__name__)

RELOAD_CONFIG = "/tensorflow.serving.ModelService/HandleReloadConfigRequest"

MAX_WAIT_S: Final = 60.0
"""Longest wait for new models, whatever the caller's deadline: nobody can keep a thread waiting for ever."""

ApplyModels = Callable[[Sequence[ModelConfig], float, str], None]
"""Puts a list in force and waits for new models, so many seconds at most; the text says who wants it."""


class ModelReload:
    """Answers reload requests: the list in the request replaces the present one, and its new models are waited for."""

    def __init__(self, apply_models: ApplyModels, metric_values: Callable[[], Mapping[str, int]]) -> None:
        """Make a handler.

        Args:
            apply_models: Puts a list in force.
            metric_values: Metrics by internal name, of which a request may ask how much they grew meanwhile.
        """
        self._apply_models = apply_models
        self._metric_values = metric_values

    def grpc(self, call: ControlCall) -> bytes:
        """Answer HandleReloadConfigRequest once the change is done, or as much of it as the caller waits for.

        Raises:
            SalverError: The request is no list of models, or what `apply_models` raises.
        """
        from salver import wire

        request = parsed("ReloadConfigRequest", call.body)
        before = self._values(request.metric_names)
        try:
            self._apply(request.config, call)
        except SalverError as error:
            logger.error("ReloadConfig failed: %s", error)  # noqa: TRY400  # a request's mistake has no traceback
            raise
        response = wire.ReloadConfigResponse()
        response.status.SetInParent()
        for name, value in self._values(before).items():
            response.metric.add(name=name, int64_value_increase=value - before[name])
        return response.SerializeToString()

    def _apply(self, config: Message, call: ControlCall) -> None:
        from salver.config.model_config_file import models_of

        if config.WhichOneof("config") != "model_config_list":
            raise InvalidArgumentError(
                "ServerModelConfig type not supported by HandleReloadConfigRequest. "
                "Only ModelConfigList is currently supported"
            )
        models = models_of(config)
        for index, model in enumerate(models):
            logger.info(
                "Config entry index: %d path: %s name: %s platform: %s",
                index,
                model.base_path,
                model.name,
                model.platform,
            )
        timeout_s = MAX_WAIT_S if call.timeout_s is None else min(call.timeout_s, MAX_WAIT_S)
        self._apply_models(models, timeout_s, f"a reload request from {call.address or 'somebody'}")

    def _values(self, names: Iterable[str]) -> dict[str, int]:
        values = self._metric_values()
        return {name: values.get(name, 0) for name in names}
