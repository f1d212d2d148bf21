"""The HTTP status of each code: `salver.errors.HTTP_STATUS` says what the data plane answers."""

from __future__ import annotations

import http.client
import threading

from salver.boundary import DataPlaneOptions
from salver.dataplane import NativeDataPlane
from salver.errors import HTTP_STATUS, Code


def test_every_code_is_answered_with_its_status() -> None:
    plane = NativeDataPlane(DataPlaneOptions(num_io_threads=1, num_runners=1))
    port = plane.listen_admin("127.0.0.1", 0)
    refused = [code for code in Code if code is not Code.OK]

    def answer() -> None:
        for code in refused:
            call = plane.next_call(30)
            assert call is not None
            call.fail(code, "no")

    thread = threading.Thread(target=answer)
    thread.start()
    found = {}
    for code in refused:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/x")
        found[code] = connection.getresponse().status
        connection.close()
    thread.join(30)
    plane.stop()
    assert {Code.OK: 200, **found} == HTTP_STATUS
