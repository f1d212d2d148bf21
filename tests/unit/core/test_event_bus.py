import threading

import pytest

from salver.core.event_bus import Event, EventBus


def test_every_subscriber_gets_each_event_with_its_time():
    bus: EventBus[str] = EventBus(clock=lambda: 12.5)
    first, second = [], []
    bus.subscribe(first.append)
    bus.subscribe(second.append)
    bus.publish("a")
    bus.publish("b")
    assert first == second == [Event("a", 12.5), Event("b", 12.5)]


def test_publishing_without_subscribers_does_nothing():
    EventBus[str]().publish("a")


def test_subscriber_sees_only_later_events():
    bus: EventBus[str] = EventBus()
    bus.publish("early")
    seen = []
    bus.subscribe(lambda event: seen.append(event.value))
    bus.publish("late")
    assert seen == ["late"]


def test_callbacks_run_on_the_publishing_thread_in_order_of_subscription():
    bus: EventBus[str] = EventBus()
    calls = []
    for number in range(3):
        bus.subscribe(lambda _, number=number: calls.append((number, threading.current_thread())))
    bus.publish("a")
    assert calls == [(number, threading.current_thread()) for number in range(3)]


def test_closed_subscription_gets_nothing_more_and_closing_twice_is_fine():
    bus: EventBus[str] = EventBus()
    seen = []
    with bus.subscribe(lambda event: seen.append(event.value)) as subscription:
        bus.publish("a")
    bus.publish("b")
    subscription.close()
    assert seen == ["a"]


def test_subscription_may_outlive_the_bus():
    bus: EventBus[str] = EventBus()
    subscription = bus.subscribe(lambda _: None)
    del bus
    subscription.close()


def test_one_failing_subscriber_does_not_hurt_the_others(caplog: pytest.LogCaptureFixture):
    bus: EventBus[str] = EventBus()
    seen = []

    def fail(event: Event[str]) -> None:
        raise ValueError("broken subscriber")

    bus.subscribe(fail)
    bus.subscribe(lambda event: seen.append(event.value))
    bus.publish("a")
    bus.publish("b")
    assert seen == ["a", "b"]
    assert "broken subscriber" in caplog.text


def test_event_published_from_a_callback_is_seen_after_the_running_one_by_all():
    bus: EventBus[str] = EventBus()
    seen = []
    bus.subscribe(lambda event: bus.publish("second") if event.value == "first" else None)
    bus.subscribe(lambda event: seen.append(event.value))
    bus.publish("first")
    assert seen == ["first", "second"]


def test_callback_may_close_itself_and_subscribe_others():
    bus: EventBus[str] = EventBus()
    seen = []

    def once(event: Event[str]) -> None:
        seen.append(event.value)
        subscription.close()
        bus.subscribe(lambda later: seen.append("new " + later.value))

    subscription = bus.subscribe(once)
    bus.publish("a")
    bus.publish("b")
    assert seen == ["a", "new b"]


def test_closing_blocks_for_a_callback_that_runs_on_another_thread():
    bus: EventBus[str] = EventBus()
    is_running, may_end = threading.Event(), threading.Event()
    order = []

    def slow(_: Event[str]) -> None:
        is_running.set()
        assert may_end.wait(10)
        order.append("callback ended")

    subscription = bus.subscribe(slow)
    publisher = threading.Thread(target=bus.publish, args=("a",))
    publisher.start()
    assert is_running.wait(10)

    def close() -> None:
        subscription.close()
        order.append("closed")

    closer = threading.Thread(target=close)
    closer.start()
    may_end.set()
    publisher.join(10)
    closer.join(10)
    assert order == ["callback ended", "closed"]


def test_events_of_two_threads_reach_all_subscribers_in_one_order():
    bus: EventBus[int] = EventBus()
    first, second = [], []
    bus.subscribe(lambda event: first.append(event.value))
    bus.subscribe(lambda event: second.append(event.value))
    threads = [
        threading.Thread(target=lambda start=start: [bus.publish(start + i) for i in range(200)]) for start in (0, 1000)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert first == second
    assert sorted(first) == [*range(200), *range(1000, 1200)]
