"""Calls by `salver.client`: `python -m benches.clients.salver_calls ADDRESS`."""

from __future__ import annotations

import sys

from benches.clients.cases import Case
from benches.clients.session import Call, answer
from salver.client import Client
from salver.client.model_spec import ModelSpec
from salver.client.predict import predict


def main() -> None:
    """Answer until standard input ends."""
    with Client(sys.argv[1]) as client:

        def prepare(case: Case) -> tuple[Call, int]:
            inputs = {case.input: case.array()}
            message = predict(ModelSpec(case.model, signature=case.signature), inputs).message()
            return lambda: client.predict(case.model, inputs, signature=case.signature)[case.output], len(message)

        answer(prepare)


if __name__ == "__main__":
    main()
