from salver.server.removed_models import RemovedModels


class Known:
    """What is known of models; what unloads cannot be forgotten."""

    def __init__(self):
        self.forgotten = []
        self.unloading = set()

    def forget(self, name):
        if name in self.unloading:
            return False
        self.forgotten.append(name)
        return True


def test_the_last_names_are_kept_and_those_before_them_forgotten():
    known = Known()
    removed = RemovedModels(known.forget, max_kept=2)
    for name in "abcd":
        removed.update([name], [])
    assert known.forgotten == ["a", "b"]


def test_a_name_that_came_back_is_not_forgotten():
    known = Known()
    removed = RemovedModels(known.forget, max_kept=1)
    removed.update(["a"], ["b", "c"])
    removed.update(["b"], ["a", "c"])
    assert known.forgotten == []
    removed.update(["c"], ["a"])
    assert known.forgotten == ["b"]


def test_a_name_that_goes_a_second_time_is_as_young_as_any():
    known = Known()
    removed = RemovedModels(known.forget, max_kept=2)
    removed.update(["a", "b"], [])
    removed.update([], ["a"])
    removed.update(["a"], [])
    removed.update(["c"], [])
    assert known.forgotten == ["b"]


def test_what_still_unloads_is_forgotten_later():
    known = Known()
    known.unloading = {"a"}
    removed = RemovedModels(known.forget, max_kept=1)
    removed.update(["a"], [])
    removed.update(["b"], [])
    assert known.forgotten == []
    known.unloading = set()
    removed.update(["c"], [])
    assert known.forgotten == ["a", "b"]
