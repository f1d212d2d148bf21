import json

from salver.admin.debug import RequestList
from salver.admin.requests import RequestsQuery
from salver.boundary import RunningRequest
from salver.server.admin.about import About, json_of
from salver.server.admin.debug_pages import DebugPages
from salver.server.admin.router import AdminRoutes, Route
from salver.server.debug.gil import GilProbe
from salver.testing.fake_calls import FakeControlCall
from salver.testing.fake_dataplane import FakeDataPlane


def request(age_s, phase="queue"):
    return RunningRequest(
        model="ranker",
        version=3,
        signature="s",
        protocol="grpc",
        phase=phase,
        age_s=age_s,
        num_batch_requests=0,
        num_batch_rows=0,
        trace_id=None,
    )


def test_running_requests_are_told_up_to_the_limit():
    plane = FakeDataPlane()
    plane.running = [request(2.0, "run"), request(1.0)]
    pages = DebugPages(plane.running_requests, GilProbe(lambda pause_s: 0.0))
    about = About(summary="s", query=RequestsQuery, answer=json_of(RequestList))
    route = Route("GET", "/debug/requests", pages.requests, about=about)
    answer = json.loads(AdminRoutes([route])(FakeControlCall.admin("GET", "/debug/requests?limit=1")).body)
    assert answer["total"] == 2
    assert [(one["model"], one["phase"], one["age_s"]) for one in answer["requests"]] == [("ranker", "run", 2.0)]
