"""Look-ups of a servable by handle, in one thread: python benches/handle_lookups.py [number of models]."""

import sys
import timeit

from salver.core import ServableId, ServableRequest, StaticManagerBuilder


def main(num_models: int) -> None:
    """Print the rates, the plain dictionary's among them."""
    builder = StaticManagerBuilder()
    for number in range(num_models):
        builder.add_servable(ServableId(f"model-{number}", 1), {"key": number})
    manager = builder.build()
    kept = ServableRequest.latest("model-0")
    plain = {kept: {"key": 0}}

    def look_up_with_a_kept_request() -> None:
        with manager.get_servable_handle(kept, dict) as handle:
            _ = handle.servable

    def look_up_with_a_new_request() -> None:
        with manager.get_servable_handle(ServableRequest.latest("model-0"), dict) as handle:
            _ = handle.servable

    def look_up_in_a_dictionary() -> None:
        _ = plain[kept]

    for work in (look_up_with_a_kept_request, look_up_with_a_new_request, look_up_in_a_dictionary):
        rate = 100_000 / min(timeit.repeat(work, number=100_000, repeat=7))
        print(f"{work.__name__:>28}: {rate:>12,.0f}/s")
    manager.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
