"""Running batches of Python servables.

An exception fails its batch, never the thread. Whatever a servable returns is checked here, so that a mistake in it is
told to its author in words.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from salver.boundary import Batch
from salver.errors import FailedPreconditionError, InternalError, SalverError, UnknownError
from salver.servables.servable import Servable

if TYPE_CHECKING:
    import numpy as np

    Arrays = dict[str, np.ndarray[Any, Any]]

logger = logging.getLogger(__name__)


class BatchRunner:
    """Runs batches; one object serves all runner threads."""

    def __init__(self, *, joins_requests: bool) -> None:
        """Make a runner.

        Args:
            joins_requests: Whether a batch may hold several requests, so that outputs need a row for each input row.
        """
        self._joins_requests = joins_requests

    def handle(self, batch: Batch, /) -> None:
        """Run the batch and answer it, whatever happens."""
        if batch.is_cancelled:
            return  # dropped: nobody waits for the answer
        try:
            self._run(batch)
        except SalverError as error:
            batch.fail(error.code, error.message)
        except Exception as error:
            logger.exception("A servable failed in signature %s", batch.signature)
            known = UnknownError(f"{type(error).__name__}: {error}")
            batch.fail(known.code, known.message)

    def _run(self, batch: Batch) -> None:
        servable: Servable = batch.servable  # type: ignore[assignment]  # what the target was made with
        outputs = checked_outputs(
            servable.run(batch.signature, batch.inputs()),
            batch.output_names,
            batch.num_rows if self._joins_requests else None,
        )
        try:
            batch.complete(outputs)
        except Exception as error:
            # The extension names the array and what is wrong with it.
            raise InternalError(f"the outputs of the servable cannot be sent: {_reason(error)}") from error


def checked_outputs(outputs: object, names: Sequence[str], num_rows: int | None) -> Arrays:
    """Return the wanted outputs as arrays.

    Args:
        outputs: What the servable returned.
        names: The outputs wanted.
        num_rows: Rows that every output must have; None where any shape will do.

    Raises:
        InternalError: Not a mapping, or an output is missing.
        FailedPreconditionError: An output has another number of rows.
    """
    import numpy as np

    if not isinstance(outputs, Mapping):
        raise InternalError(f"the servable returned a {type(outputs).__name__}, expected a mapping of names to arrays")
    missing = sorted(set(names) - outputs.keys())
    if missing:
        returned = ", ".join(sorted(map(str, outputs))) or "nothing"
        raise InternalError(f"the servable returned no output {', '.join(missing)}; it returned {returned}")
    arrays = {name: np.asarray(outputs[name]) for name in names}
    for name, array in arrays.items():
        if num_rows is not None and array.shape[:1] != (num_rows,):
            raise FailedPreconditionError(
                f"output {name} of the servable has shape {list(array.shape)}, "
                f"expected {num_rows} in the first dimension, as the inputs have"
            )
    return arrays


def _reason(error: Exception) -> str:
    return str(error.args[-1]) if error.args else type(error).__name__
