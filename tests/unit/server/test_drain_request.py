import threading

from salver.server.drain_request import DrainRequest

WAIT_S = 10


def test_server_in_a_program_is_stopped_once_on_a_thread_of_its_own():
    stopped = []
    done = threading.Event()

    def stop():
        stopped.append(threading.current_thread().name)
        done.set()

    request = DrainRequest(stop)
    request.make(timeout_s=3.5)
    request.make(timeout_s=99)
    assert done.wait(WAIT_S)
    assert (stopped, request.timeout_s) == (["salver-drain"], 3.5)


def test_process_of_the_command_line_ends_in_its_own_way():
    begun = []
    request = DrainRequest(lambda: begun.append("stopped"))
    request.become(lambda: begun.append("signalled"))
    request.make()
    assert (begun, request.timeout_s) == (["signalled"], None)
