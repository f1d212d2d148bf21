import sys
import threading

from salver.server.debug import stacks
from salver.server.debug.stacks import stacks_text

WAIT_S = 10


def depth(levels):
    secret = "do not show"  # noqa: F841  # that is the point
    return sys._getframe() if levels == 0 else depth(levels - 1)


def test_threads_are_named_and_their_code_shown_without_values():
    waiting, go = threading.Event(), threading.Event()

    def work():
        waiting.set()
        go.wait(WAIT_S)

    thread = threading.Thread(target=work, name="a-thread")
    thread.start()
    waiting.wait(WAIT_S)
    text = stacks_text()
    go.set()
    thread.join()
    _, _, own = text.partition("\na-thread\n")
    own = own.partition("\n\n")[0]
    assert "test_stacks:" in own
    assert "go.wait(WAIT_S)" in own
    assert own.index("work\n") < own.index("Event.wait\n"), "innermost last"
    assert "/" not in "".join(line for line in own.splitlines() if ":" in line.split(" ")[0]), "no paths"


def test_number_of_threads_and_frames_is_bounded(monkeypatch):
    monkeypatch.setattr(stacks, "_MAX_THREADS", 2)
    monkeypatch.setattr(stacks, "_MAX_FRAMES", 3)
    frame = depth(10)
    text = stacks_text({1: frame, 2: frame, 3: frame}, {1: "b", 3: "a"})
    assert text.startswith("3 threads\n\na\n")
    assert "\nb\n" in text
    assert "and 1 more threads" in text
    assert "outer frames are left out" in text
    assert text.count(" depth\n") == 6
    assert "do not show" not in text.replace('secret = "do not show"', "")


def test_threads_that_python_did_not_start_have_a_number():
    assert "\nthread 7\n" in stacks_text({7: depth(0)}, {})
