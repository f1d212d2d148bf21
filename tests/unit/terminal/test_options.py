"""The same thing has the same name, whichever command it is said to."""

from collections import defaultdict

import click
import pytest

from salver.bench.command import bench
from salver.ctl.group import ctl
from salver.inspection.command import inspect
from salver.predict.command import predict
from salver.terminal.ranges import Number, WholeNumber
from salver.tune.command import tune
from salver.warmup.group import warmup

COMMANDS = [bench, inspect, predict, tune, *ctl.commands.values(), *warmup.commands.values()]
OF_THEIR_OWN = {
    "--address": "an admin listener, or a port for inference",
    "--label": "a label to ask, or labels to set",
    "--model": "whose events, or whose requests",
    "--signature": "one, or several to make requests for",
    "--rows": "of a request, or of several",
    "--length": "of open dimensions, one or several",
}
"""What is not the same where it stands twice, and why it is called so nevertheless."""


def options():
    for command in COMMANDS:
        for option in command.params:
            if isinstance(option, click.Option):
                yield command, option


def test_an_option_takes_the_same_wherever_it_stands():
    kinds = defaultdict(set)
    for _, option in options():
        kind = type(option.type).__name__
        kinds[option.opts[-1]].add((tuple(option.opts), option.name, kind, option.is_flag, option.multiple))
    differing = {name for name, found in kinds.items() if len(found) > 1}
    assert differing <= set(OF_THEIR_OWN)


def test_numbers_call_themselves_as_people_do():
    kinds = {type(one.type) for command in COMMANDS for one in command.params}
    assert {WholeNumber, Number} <= kinds
    assert not {click.IntRange, click.FloatRange} & kinds


def test_no_command_takes_an_empty_name_for_a_model():
    arguments = [one for command in COMMANDS for one in command.params if isinstance(one, click.Argument)]
    models = [one for one in arguments if one.name == "model"]
    assert len(models) > 10
    for argument in models:
        with pytest.raises(click.BadParameter, match="expected a name"):
            argument.type("", argument, None)


@pytest.mark.parametrize("unit", ["s", "seconds", "sec"])
def test_times_are_in_seconds_and_do_not_say_so_in_their_names(unit):
    assert not [option.opts for _, option in options() if option.opts[-1].endswith(f"-{unit}")]


def test_times_say_their_unit_in_the_help_text():
    for command, option in options():
        if option.name.endswith("_s"):
            assert option.metavar == "SECONDS", (command.name, option.name)


def test_commands_that_write_a_file_or_json_call_it_so():
    names = {command.name: {name for option in command.params for name in option.opts} for command in COMMANDS}
    assert all("-o" in given for given in names.values() if "--output" in given)
    assert not {"--json-file", "--out", "--file"} & set().union(*names.values())
