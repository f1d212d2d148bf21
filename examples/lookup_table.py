"""Look a word up in a table that a manager loads: the core as a library, without a server.

python examples/lookup_table.py colours.csv red
"""

import csv
import sys

from salver import core
from salver.sources import StaticSource


def read_table(path: str) -> dict[str, str]:
    with open(path, newline="") as file:
        return dict(csv.reader(file))


def main(path: str, word: str) -> None:
    bus = core.EventBus[core.ServableState]()
    monitor = core.ServableStateMonitor(bus)
    builder = core.AspiredVersionsManagerBuilder(
        core.AspiredVersionsManagerOptions(event_bus=bus, retry=core.RetryOptions(max_num_retries=0))
    )
    source = StaticSource([core.ServableData(core.ServableId("table", 1), path)])
    builder.add_source_chain(source, core.SimpleLoaderSourceAdapter(read_table))
    with builder.build() as manager:
        table = core.ServableRequest.latest("table")
        is_there, states = monitor.wait_until_servables_reach_state([table], core.ManagerState.AVAILABLE, 10)
        if not is_there:
            sys.exit("no table: " + ", ".join(str(state.error) for state in states.values()))
        with manager.get_servable_handle(table, dict) as handle:
            print(handle.servable.get(word, "unknown"))


if __name__ == "__main__":
    main(*sys.argv[1:])
