import os

import pytest

from salver.config import ModelConfig, ServerConfig
from salver.errors import FailedPreconditionError, InvalidArgumentError
from salver.server.config_poller import ConfigPoller, config_poller


class FakeModels:
    """Takes every list, unless told what to raise."""

    def __init__(self, models):
        self.models = tuple(models)
        self.writers = []
        self.error = None

    def replace(self, models, *, writer):
        self.writers.append(writer)
        if self.error:
            raise self.error
        self.models = tuple(models)


def entry(name):
    return f'config {{ name: "{name}" base_path: "/{name}" model_platform: "tensorflow" }}'


def text(*names):
    return f"model_config_list {{ {' '.join(map(entry, names))} }}"


def models(*names):
    return tuple(ModelConfig(name=name, base_path=f"/{name}") for name in names)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "models.config"
    path.write_text(text("a"))
    return path


@pytest.fixture
def target():
    return FakeModels(models("a"))


@pytest.fixture
def poller(file, target):
    return ConfigPoller(str(file), target, models("a"), poll_wait_s=5)


def test_unchanged_file_is_not_applied(poller, target):
    assert poller.step() == 5
    poller.step()
    assert target.writers == []


def test_changed_file_is_applied_once_in_its_name(poller, target, file):
    file.write_text(text("a", "b"))
    poller.step()
    poller.step()
    assert target.models == models("a", "b")
    assert target.writers == [str(file)]


def test_change_between_the_start_and_the_first_look_is_seen(target, file):
    file.write_text(text("b"))
    ConfigPoller(str(file), target, models("a"), poll_wait_s=1).step()
    assert target.models == models("b")


def test_unchanged_file_does_not_undo_another_writer(poller, target, file):
    poller.step()
    target.models = models("other")
    os.utime(file)
    poller.step()
    file.write_text(f"# the same models\n{text('a')}")
    poller.step()
    assert target.models == models("other")
    file.write_text(text("b"))
    poller.step()
    assert target.models == models("b")


@pytest.mark.parametrize("content", ["model_config_list {", "mudel_config_list {}", text("a", "a"), "\0"])
def test_wrong_file_changes_nothing_and_is_logged_once(poller, target, file, caplog, content):
    file.write_text(content)
    poller.step()
    poller.step()
    assert target.models == models("a")
    (line,) = caplog.messages
    assert str(file) in line
    assert "the models stay as they are" in line


def test_same_mistake_made_again_is_logged_again(poller, file, caplog):
    for content in ("model_config_list {", text("a"), "model_config_list {"):
        file.write_text(content)
        poller.step()
    assert len(caplog.messages) == 2


def test_file_written_half_is_applied_once_it_is_whole(poller, target, file):
    whole = text("a", "b")
    for end in range(len(whole) + 1):
        file.write_text(whole[:end])
        poller.step()
        assert target.models == (models("a", "b") if end == len(whole) else models("a")), whole[:end]


def test_missing_file_keeps_the_models_and_is_logged_once(poller, target, file, caplog):
    file.unlink()
    poller.step()
    poller.step()
    assert target.models == models("a")
    (line,) = caplog.messages
    assert line.startswith("Failed to read ModelServerConfig file: there is no model config file")
    file.write_text(text("b"))
    poller.step()
    assert target.models == models("b")


def test_file_without_a_list_does_not_remove_the_models(poller, target, file, caplog):
    file.write_text("")
    poller.step()
    assert target.models == models("a")
    assert "Cannot transition to requested config" in caplog.text
    file.write_text("model_config_list {}")
    poller.step()
    assert target.models == ()


def test_file_without_a_list_is_fine_where_there_are_no_models(file, caplog):
    file.write_text("")
    target = FakeModels(())
    ConfigPoller(str(file), target, (), poll_wait_s=1).step()
    assert (target.writers, caplog.messages) == ([], [])


def test_renamed_and_swapped_files_are_seen(target, tmp_path):
    """A config map is mounted as a link to a link, of which the inner one is swapped."""
    for name, model in (("one", "a"), ("two", "b")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "models.config").write_text(text(model))
    (tmp_path / "data").symlink_to("one")
    (tmp_path / "models.config").symlink_to("data/models.config")
    poller = ConfigPoller(str(tmp_path / "models.config"), target, models("a"), poll_wait_s=1)
    poller.step()
    assert target.writers == []
    (tmp_path / "swap").symlink_to("two")
    (tmp_path / "swap").rename(tmp_path / "data")
    poller.step()
    assert target.models == models("b")


def test_list_that_is_wrong_for_the_server_is_refused_once(poller, target, file, caplog):
    target.error = InvalidArgumentError("platform")
    file.write_text(text("b"))
    poller.step()
    poller.step()
    assert target.writers == [str(file)]
    assert "PollFilesystemAndReloadConfig failed to ReloadConfig" in caplog.text


def test_list_that_comes_too_early_is_tried_again(poller, target, file, caplog):
    target.error = FailedPreconditionError("label of a version that is not there")
    file.write_text(text("b"))
    poller.step()
    poller.step()
    assert len(caplog.messages) == 1
    target.error = None
    poller.step()
    assert target.models == models("b")


def test_list_that_came_too_early_is_given_up_when_somebody_else_sets_the_models(poller, target, file):
    target.error = FailedPreconditionError("label of a version that is not there")
    file.write_text(text("b"))
    poller.step()
    target.error, target.models = None, models("other")
    poller.step()
    assert target.models == models("other")


def test_file_that_goes_back_to_what_is_applied_changes_nothing(poller, target, file):
    target.error = FailedPreconditionError("not yet")
    file.write_text(text("b"))
    poller.step()
    file.write_text(text("a"))
    poller.step()
    assert len(target.writers) == 1


@pytest.mark.parametrize(
    ("path", "poll_wait_s", "is_watched"), [(None, 1.0, False), ("/m", None, False), ("/m", 1.0, True)]
)
def test_file_is_watched_where_the_configuration_asks_for_it(target, path, poll_wait_s, is_watched):
    config = ServerConfig(model_config_file=path, model_config_file_poll_wait_s=poll_wait_s)
    assert (config_poller(target, config) is not None) == is_watched
