"""A servable that fails with the canonical code it is sent, and answers for 0."""

import numpy as np

from salver import CallableServable, TensorSpec
from salver.errors import error_from_code


def load(directory):
    """Make the servable."""

    def run(inputs):
        code = int(inputs["code"].reshape(-1)[0])
        if code:
            raise error_from_code(code, f"failed with {code}")
        return {"code": inputs["code"]}

    spec = TensorSpec(np.int32, [None])
    return CallableServable(run, inputs={"code": spec}, outputs={"code": spec})
