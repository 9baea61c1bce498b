import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.jobs import Phase, Progress, Rendering, Ticket
from bot.core.models.gpt_image_2 import GPT_IMAGE_2, GPT_IMAGE_2_EDIT, Quality
from bot.core.models.options import Format, Size
from bot.fal import history
from bot.fal.wire import (
    Addresses,
    Answer,
    EventReader,
    Garbled,
    billed_microusd,
    order_input,
    payload,
    progress_from,
    rendering_from,
    submit_headers,
    submitted_ticket,
)
from bot.services.ports import Order

ADDRESSES = Addresses("https://queue.fal.run")
MODEL = GPT_IMAGE_2.id
ROOT = "https://queue.fal.run/openai/gpt-image-2/requests/abc-1"
REBUILT = Ticket("abc-1", f"{ROOT}/status", ROOT, f"{ROOT}/cancel")

any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
wire_names = st.sampled_from(
    [
        *("status", "queue_position", "request_id", "status_url", "images", "url", "width"),
        *("detail", "type", "loc", "error_type", "items", "sent_at", "json_input", "msg"),
    ]
)
likely_json = st.recursive(
    any_json | st.sampled_from(["IN_QUEUE", "IN_PROGRESS", "COMPLETED", "NOT_FOUND", "abc-1"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(wire_names, inner, max_size=5),
    max_leaves=20,
)
bodies = (
    likely_json.map(lambda value: json.dumps(value).encode())
    | st.binary()
    | st.sampled_from([b"[" * 100_000, b'{"a":' * 50_000, b"1" * 10_000, b"\xff\xfe{}"])
)
answers = st.builds(
    Answer,
    st.integers(100, 599),
    st.dictionaries(
        st.sampled_from(["x-fal-billable-units", "retry-after", "x-fal-error-type"]), st.text()
    ),
    bodies,
)


def answer(body, status=200, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, named, json.dumps(body).encode())


def test_the_input_has_exactly_the_five_fields():
    order = Order("j", "a fox", Size(1536, 1024), Quality.HIGH, 3, Format.WEBP)
    assert json.loads(payload(order)) == {
        "prompt": "a fox",
        "image_size": {"width": 1536, "height": 1024},
        "quality": "high",
        "num_images": 3,
        "output_format": "webp",
    }


def test_a_prompt_with_half_a_character_can_still_be_sent():
    order = Order("j", "a \ud83e fox \N{FOX FACE}", Size(1024, 1024), Quality.LOW, 1, Format.PNG)
    assert json.loads(payload(order))["prompt"] == order.prompt


def test_the_submit_asks_for_no_change_of_retries():
    headers = submit_headers("01J, x=1")
    assert "X-Fal-No-Retry" not in headers
    assert headers["X-Fal-Tags"] == "job=01Jx1"


def test_the_submit_limits_the_start_under_both_names_and_forbids_another_model():
    headers = submit_headers("j")
    assert headers["X-Fal-Request-Start-Timeout"] == headers["X-Fal-Request-Timeout"] == "3600"
    assert headers["x-app-fal-disable-fallback"] == "true"


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"status_url": None, "response_url": 7, "cancel_url": ["x"]},
        {"status_url": "https://evil.example/openai/gpt-image-2/requests/abc-1/status"},
        {"status_url": "http://queue.fal.run/openai/gpt-image-2/requests/abc-1/status"},
        {"status_url": "https://queue.fal.run.evil.example/requests/abc-1/status"},
        {"status_url": "https://queue.fal.run@evil.example/requests/abc-1/status"},
        {"status_url": "https://queue.fal.run:8443/openai/gpt-image-2/requests/abc-1/status"},
        {"status_url": "https://queue.fal.run\\@evil.example/requests/abc-1/status"},
        {"status_url": "//evil.example/requests/abc-1/status"},
        {"response_url": "https://queue.fal.run/a/../../requests/abc-1"},
        {"response_url": "https://queue.fal.run//evil.example/requests/abc-1"},
        {"response_url": "https://queue.fal.run/openai/gpt-image-2/requests/other"},
        {"response_url": f"{ROOT}?key=1"},
        {"cancel_url": f"{ROOT}/cancel#x"},
        {"cancel_url": f"{ROOT}/%2e%2e/cancel"},
        {"cancel_url": f"{ROOT}/{'c' * 3000}"},
        {"cancel_url": f"{ROOT}/cancel\n"},
    ],
)
def test_an_address_that_is_not_plainly_the_queues_is_rebuilt(told):
    assert ADDRESSES.ticket("abc-1", told, MODEL) == REBUILT


def test_an_address_of_the_queue_is_followed_as_it_was_returned():
    told = {"response_url": f"{ROOT}/response", "status_url": f"{ROOT}/status"}
    ticket = ADDRESSES.ticket("abc-1", told, MODEL)
    assert ticket == Ticket("abc-1", f"{ROOT}/status", f"{ROOT}/response", f"{ROOT}/cancel")


def test_only_submit_carries_a_subpath():
    edit = GPT_IMAGE_2_EDIT.id
    addresses = Addresses("https://queue.fal.run/")
    assert addresses.submit_url(edit) == "https://queue.fal.run/openai/gpt-image-2/edit"
    assert addresses.ticket("abc-1", {}, edit) == replace(REBUILT, model=edit)


@pytest.mark.parametrize(
    "request_id", ["", "../x", "a/b", "a?b", "a#b", "a b", "..", ".", "é", "a" * 129, "-a", "a\n"]
)
def test_an_id_that_could_play_tricks_is_no_id(request_id):
    assert ADDRESSES.ticket(request_id, {}, MODEL) is None


@given(st.text() | st.just(f"{ROOT}/status").map(str), st.text(max_size=4))
def test_no_address_leaves_the_queue(url, tail):
    ticket = ADDRESSES.ticket(
        "abc-1", dict.fromkeys(("status_url", "cancel_url"), url + tail), MODEL
    )
    assert ticket is not None
    for trusted in (ticket.status_url, ticket.response_url, ticket.cancel_url):
        assert trusted.startswith("https://queue.fal.run/")
        assert "abc-1" in trusted.split("/")


@pytest.mark.parametrize(
    ("told", "progress"),
    [
        ({"status": "IN_QUEUE", "queue_position": 3}, Progress(Phase.WAITING, 3)),
        ({"status": "IN_QUEUE"}, Progress(Phase.WAITING)),
        ({"status": "IN_QUEUE", "queue_position": -1}, Progress(Phase.WAITING)),
        ({"status": "IN_QUEUE", "queue_position": True}, Progress(Phase.WAITING)),
        ({"status": "IN_QUEUE", "queue_position": "2"}, Progress(Phase.WAITING)),
        ({"status": "IN_PROGRESS", "queue_position": 3}, Progress(Phase.RUNNING)),
        ({"status": "COMPLETED", "error": "x"}, Progress(Phase.ENDED)),
        ({"status": "FAILED"}, None),
        ({"status": ""}, None),
    ],
)
def test_a_status_is_read_leniently(told, progress):
    assert progress_from(json.dumps(told).encode()) == progress


@pytest.mark.parametrize("body", [b"", b"{", b"42", b"[]", b"{}", b'{"status": 7}', b"null"])
def test_a_status_without_a_status_is_garbled(body):
    with pytest.raises(Garbled):
        progress_from(body)


@pytest.mark.parametrize(
    ("text", "microusd"),
    [
        ("0.2", 200_000),
        ("0.21072", 210_720),
        ("0.0000001", 1),
        ("0", 0),
        (" 1 ", 1_000_000),
        ("5.9e-05", 59),
        ("", None),
        ("-1", None),
        ("about three", None),
        ("NaN", None),
        ("Infinity", None),
        ("9e999999", None),
        ("1" * 50, None),
        ("1_000", None),
    ],
)
def test_units_are_micro_dollars_or_unknown(text, microusd):
    assert billed_microusd({"x-fal-billable-units": text}, MODEL) == microusd


def test_missing_units_are_unknown_and_not_zero():
    assert billed_microusd({}, MODEL) is None


def test_a_result_is_read_in_order_with_what_is_usable():
    images = [
        {
            "url": "https://v3b.fal.media/1.png",
            "content_type": "image/png",
            "width": 8,
            "height": 6,
        },
        {"url": "https://v3b.fal.media/2.png", "width": None, "height": -3},
        {"url": None},
        "no object",
    ]
    rendering = rendering_from(answer({"images": images}, x_fal_billable_units="0.5"), MODEL)
    assert [(p.url[-5:], p.width, p.height) for p in rendering.pictures] == [
        ("1.png", 8, 6),
        ("2.png", 0, 0),
    ]
    assert rendering.billed_microusd == 500_000
    assert (rendering.nameless, rendering.made) == (2, 4)


@pytest.mark.parametrize(("count", "kept"), [(1, 1), (4, 4), (5, 5), (10, 10), (12, 10)])
def test_more_pictures_than_asked_for_are_kept_up_to_a_message_full(count, kept):
    images = [{"url": f"https://v3b.fal.media/{n}.png"} for n in range(count)]
    rendering = rendering_from(answer({"images": images}), MODEL)
    assert len(rendering.pictures) == kept
    assert rendering.made == count


@pytest.mark.parametrize("body", [{}, {"images": []}, {"images": None}, {"images": [{}]}, [], "x"])
def test_a_result_without_pictures_is_garbled(body):
    with pytest.raises(Garbled):
        rendering_from(answer(body), MODEL)


@pytest.mark.parametrize("cut", range(0, 60, 7))
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_events_are_found_wherever_the_stream_is_cut(end, cut):
    lines = [b": ping", b"", b"data: {1}", b"", b"event: x", b"data:a", b"data: b", b"id: 7", b""]
    text = end.join(lines) + end
    reader = EventReader(1000)
    assert reader.feed(text[:cut]) + reader.feed(text[cut:]) == [b"{1}", b"a\nb"]


@pytest.mark.parametrize("text", [b"data: " + b"x" * 200, b"data: x\n" * 50, b"x" * 200])
def test_an_event_without_an_end_is_given_up(text):
    with pytest.raises(Garbled):
        EventReader(100).feed(text)


@given(st.lists(st.binary()))
def test_any_bytes_are_events_or_garbled(chunks):
    reader = EventReader(64)
    try:
        for chunk in chunks:
            reader.feed(chunk)
    except Garbled:
        pass


@given(answers)
def test_whatever_is_answered_is_read_or_garbled(told):
    try:
        progress = progress_from(told.body)
    except Garbled:
        progress = None
    assert progress is None or isinstance(progress, Progress)
    try:
        rendering = rendering_from(told, MODEL)
    except Garbled:
        rendering = None
    assert rendering is None or isinstance(rendering, Rendering)
    ticket = submitted_ticket(ADDRESSES, told, MODEL)
    assert ticket is None or ticket.status_url.startswith("https://queue.fal.run/")


@given(any_json, any_json)
def test_whatever_the_history_holds_is_compared_without_an_error(found, value):
    order = Order("j", "a fox", Size(1024, 1024), Quality.LOW, 1, Format.PNG)
    assert history.is_same_input(found, order_input(order)) is False
    moment = history.time_ms(value)
    assert moment is None or isinstance(moment, int)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1970-01-01T00:00:01Z", 1000),
        ("1970-01-01T00:00:01.250Z", 1250),
        ("1970-01-01T01:00:01.25+01:00", 1250),
        ("1970-01-01T00:00:01", 1000),
        ("1970-13-01T00:00:01Z", None),
        ("yesterday", None),
        (12, None),
    ],
)
def test_times_of_the_history_are_read(text, moment):
    assert history.time_ms(text) == moment


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"sync_mode": False, "openai_api_key": None}, True),
        ({"sync_mode": True}, False),
        ({"prompt": "a fox "}, False),
        ({"num_images": 2}, False),
        ({"image_size": "square_hd"}, False),
    ],
)
def test_inputs_match_field_by_field(change, same):
    wanted = order_input(
        Order("j", "a fox", Size(1024, 1024), Quality.LOW, 1, Format.PNG),
    )
    assert history.is_same_input({**wanted, **change}, wanted) is same
