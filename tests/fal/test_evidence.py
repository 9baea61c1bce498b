"""The table row by row, and what must hold for any answer at all."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.errors import Trouble
from bot.core.jobs import Ticket
from bot.core.models.gpt_image_2 import GPT_IMAGE_2
from bot.fal.clues import clues, word_of
from bot.fal.evidence import SOURCES, TABLE, Call, Final, Proof, Row, judge
from bot.fal.failures import read_failure, submit_failure
from bot.fal.kinds import ALL_KINDS
from bot.fal.wire import Answer

ID = "3f0e8c1a-0000-4000-8000-000000000001"
OURS = {"x-fal-request-id": ID}
OTHERS = {"x-fal-request-id": "3f0e8c1a-0000-4000-8000-00000000000f"}
HTML = "<html>It works!</html>"
TEXT = {"detail": "some text"}
LOCKED = {"detail": "User is locked. Reason: Exhausted balance."}
NO_USER = {"detail": "No user found for Key ID and Secret"}
GONE = {"status": "NOT_FOUND"}
PICTURES = {"images": [{"url": "https://v3.fal.media/a.png"}]}
LIMIT = {**OURS, "x-fal-request-timeout-type": "user"}
PLATFORM = {"error": {"type": "not_found", "message": "m"}}

AT_ONCE, IF_STEADY, NEVER = Final.AT_ONCE, Final.IF_STEADY, Final.NEVER
KEY, ACCOUNT, OUTAGE = Trouble.KEY, Trouble.ACCOUNT, Trouble.OUTAGE
READS = (Call.STATUS, Call.RESULT, Call.CANCEL)


def listed(*kinds):
    return {"detail": [{"loc": ["body", "prompt"], "msg": "m", "type": kind} for kind in kinds]}


def infra(kind):
    return {"detail": "text", "error_type": kind}


def named(kind):
    return {"x-fal-error-type": kind}


def answer(status, body, headers=None):
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Answer(status, headers or {}, data)


SUBMITS = [
    (200, {"request_id": ID}, {}, Proof.ACCEPTED, AT_ONCE, None),
    (202, {"request_id": ID, "status": "IN_QUEUE"}, {}, Proof.ACCEPTED, AT_ONCE, None),
    (500, {"request_id": ID}, {}, Proof.NOTHING, NEVER, None),
    (429, {"request_id": ID}, {}, Proof.NOTHING, NEVER, None),
    (429, HTML, {}, Proof.NOT_SENT, NEVER, None),
    (429, TEXT, {}, Proof.NOT_SENT, NEVER, None),
    (403, LOCKED, {}, Proof.LOCKED, AT_ONCE, None),
    (402, TEXT, {}, Proof.LOCKED, AT_ONCE, None),
    (401, NO_USER, {}, Proof.KEY_REFUSED, AT_ONCE, None),
    (403, TEXT, {}, Proof.KEY_REFUSED, AT_ONCE, None),
    (422, listed("content_policy_violation"), {}, Proof.REFUSED, AT_ONCE, None),
    (400, listed("one_of", "content_policy_violation"), {}, Proof.REFUSED, AT_ONCE, None),
    (404, {"detail": "Application not found"}, {}, Proof.UNACCEPTABLE, AT_ONCE, None),
    (422, listed("missing"), {}, Proof.UNACCEPTABLE, AT_ONCE, None),
    (422, HTML, named("content_policy_violation"), Proof.NOTHING, NEVER, OUTAGE),
    *[
        (status, body, {}, Proof.NOTHING, NEVER, OUTAGE)
        for status, body in (
            *((status, HTML) for status in (200, 302, 400, 401, 402, 403, 404, 408, 409, 410)),
            *((status, TEXT) for status in (307, 408, 409, 425, 499, 500, 502, 503, 504, 599)),
            (200, {"request_id": "../x"}),
            (503, infra("runner_scheduling_failure")),
            (404, {"message": "no such route"}),
            (403, {"error": "access denied"}),
            (500, LOCKED),
            (500, listed("content_policy_violation")),
        )
    ],
]

STATUSES = [
    (202, {"status": "IN_QUEUE", "request_id": ID}, OURS, Proof.NOT_ENDED, NEVER, None),
    (200, {"status": "IN_PROGRESS"}, {}, Proof.NOT_ENDED, NEVER, None),
    (200, {"status": "COMPLETED", "request_id": ID}, {}, Proof.ENDED, AT_ONCE, None),
    (200, {"status": "COMPLETED"}, OURS, Proof.ENDED, AT_ONCE, None),
    (
        200,
        {"status": "COMPLETED", "response_url": f"https://queue.fal.run/a/b/requests/{ID}"},
        {},
        Proof.ENDED,
        AT_ONCE,
        None,
    ),
    (200, {"status": "COMPLETED"}, {}, Proof.NOTHING, NEVER, OUTAGE),
    (404, {"status": "IN_QUEUE"}, {}, Proof.NOTHING, NEVER, OUTAGE),
    (200, {"status": "IN_QUEUE", "request_id": "x"}, {}, Proof.NOTHING, NEVER, OUTAGE),
    (200, GONE, {}, Proof.NOTHING, NEVER, OUTAGE),
    (404, {"status": "COMPLETED"}, OURS, Proof.NOTHING, NEVER, OUTAGE),
    (200, {"status": "COMPLETED", "request_id": "x"}, {}, Proof.NOTHING, NEVER, OUTAGE),
    (200, {"status": "COMPLETED", "request_id": ID}, OTHERS, Proof.NOTHING, NEVER, OUTAGE),
    (200, {"status": "FAILED", "request_id": ID}, {}, Proof.NOTHING, NEVER, None),
    (404, GONE, {}, Proof.UNKNOWN, IF_STEADY, None),
    (404, TEXT, {}, Proof.NOTHING, NEVER, OUTAGE),
    (500, TEXT, OURS, Proof.NOTHING, NEVER, OUTAGE),
]

RESULTS_AT_ONCE = [
    (200, PICTURES, OURS, Proof.MADE, AT_ONCE, None),
    (200, PICTURES, {}, Proof.MADE, AT_ONCE, None),
    (422, listed("content_policy_violation"), OURS, Proof.REFUSED, AT_ONCE, None),
    (422, listed("one_of"), {}, Proof.UNACCEPTABLE, AT_ONCE, None),
    (500, listed("internal_server_error"), OURS, Proof.FAILED, AT_ONCE, None),
    (503, infra("runner_disconnected"), {}, Proof.FAILED, AT_ONCE, None),
    (504, infra("startup_timeout"), {}, Proof.FAILED, AT_ONCE, None),
    (499, infra("client_cancelled"), {}, Proof.CANCELLED, AT_ONCE, None),
    (504, infra("request_timeout"), LIMIT, Proof.FAILED, AT_ONCE, None),
]

RESULTS_STEADY = [
    (200, {"images": []}, {}, Proof.FAILED, IF_STEADY, None),
    (200, {"images": [{"url": None}]}, OURS, Proof.FAILED, IF_STEADY, None),
    (200, {"something": 1}, OURS, Proof.FAILED, IF_STEADY, None),
    (200, HTML, OURS, Proof.FAILED, IF_STEADY, None),
    (403, listed("content_policy_violation"), OURS, Proof.REFUSED, IF_STEADY, None),
    (404, listed("one_of"), {}, Proof.UNACCEPTABLE, IF_STEADY, None),
    (400, infra("bad_request"), OURS, Proof.UNACCEPTABLE, IF_STEADY, None),
    (504, infra("request_timeout"), {}, Proof.FAILED, IF_STEADY, None),
    (500, infra("internal_error"), OURS, Proof.FAILED, IF_STEADY, None),
    (429, {**TEXT, "type": "concurrent_requests_limit"}, {}, Proof.FAILED, IF_STEADY, None),
    (502, HTML, {"x-fal-error-type": "runner_server_error"}, Proof.FAILED, IF_STEADY, None),
    (408, infra("runner_disconnected"), OURS, Proof.FAILED, IF_STEADY, None),
    (422, HTML, named("content_policy_violation"), Proof.REFUSED, IF_STEADY, None),
    (422, HTML, named("one_of"), Proof.UNACCEPTABLE, IF_STEADY, None),
    (499, HTML, named("client_cancelled"), Proof.CANCELLED, IF_STEADY, None),
    (504, HTML, {**LIMIT, **named("request_timeout")}, Proof.FAILED, IF_STEADY, None),
    (500, infra("request_timeout"), LIMIT, Proof.FAILED, IF_STEADY, None),
    (504, infra("a_new_type"), LIMIT, Proof.FAILED, IF_STEADY, None),
    (404, infra("client_cancelled"), OURS, Proof.CANCELLED, IF_STEADY, None),
    (499, infra("client_disconnected"), OURS, Proof.CANCELLED, IF_STEADY, None),
    (422, listed("missing", "string_type"), {}, Proof.UNACCEPTABLE, IF_STEADY, None),
    (500, listed("a_new_type"), {}, Proof.FAILED, IF_STEADY, None),
    (500, infra("a_new_type"), {}, Proof.FAILED, IF_STEADY, None),
    (404, GONE, {}, Proof.UNKNOWN, IF_STEADY, None),
    (499, {"detail": "Request cancelled by the client."}, {}, Proof.CANCELLED, IF_STEADY, None),
    (401, TEXT, OURS, Proof.FAILED, IF_STEADY, None),
    (405, TEXT, OURS, Proof.FAILED, IF_STEADY, None),
    (410, TEXT, OURS, Proof.FAILED, IF_STEADY, None),
    (500, {"detail": "Internal Server Error"}, OURS, Proof.FAILED, IF_STEADY, None),
    (503, {"detail": "GPU error"}, OURS, Proof.FAILED, IF_STEADY, None),
    (502, HTML, OURS, Proof.FAILED, IF_STEADY, None),
]

RESULTS_NEVER = [
    *[
        (status, body, headers, Proof.NOT_ENDED, NEVER, None)
        for status, body, headers in (
            (400, {"detail": "Request is still in progress"}, OURS),
            (400, {"detail": "anything else without a type"}, {}),
            (400, {"status": "IN_PROGRESS"}, {}),
            (202, {"status": "IN_PROGRESS"}, OURS),
            (202, {"status": "IN_QUEUE"}, {}),
            (200, {"status": "COMPLETED", "request_id": ID}, OURS),
        )
    ],
    (402, TEXT, OURS, Proof.NOTHING, NEVER, ACCOUNT),
    *[
        (status, body, {}, Proof.NOTHING, NEVER, OUTAGE)
        for status, body in (
            *((status, HTML) for status in (200, 301, 302, 400, 401, 402, 403, 404, 405, 410)),
            *((status, HTML) for status in (408, 422, 425, 429, 499, 500, 502, 503, 504)),
            *((status, TEXT) for status in (404, 405, 408, 410, 425, 429, 500, 502, 503, 504)),
            (404, {"detail": "Not Found"}),
            (500, {"type": "about", "title": "a gateway's own form"}),
            (200, {}),
            (500, PICTURES),
            (500, {"images": []}),
            (500, {"status": "IN_PROGRESS"}),
            (410, GONE),
            *((302, listed(kind)) for kind in ("content_policy_violation", "one_of", "new")),
            *((302, infra(kind)) for kind in ("runner_disconnected", "client_cancelled", "new")),
        )
    ],
    (500, HTML, named("a_new_type"), Proof.NOTHING, NEVER, OUTAGE),
    (302, TEXT, OURS, Proof.NOTHING, NEVER, OUTAGE),
    (302, "", OURS, Proof.NOTHING, NEVER, OUTAGE),
    (404, HTML, OURS, Proof.NOTHING, NEVER, OUTAGE),
    (200, PICTURES, OTHERS, Proof.NOTHING, NEVER, OUTAGE),
    (200, {**PICTURES, "request_id": "another"}, OURS, Proof.NOTHING, NEVER, OUTAGE),
    (422, listed("one_of"), OTHERS, Proof.NOTHING, NEVER, OUTAGE),
    (404, GONE, OTHERS, Proof.NOTHING, NEVER, OUTAGE),
]

ALL_READS = [
    (403, LOCKED, {}, Proof.NOTHING, NEVER, ACCOUNT),
    (403, LOCKED, OURS, Proof.NOTHING, NEVER, ACCOUNT),
    (402, TEXT, {}, Proof.NOTHING, NEVER, ACCOUNT),
    (401, NO_USER, OURS, Proof.NOTHING, NEVER, KEY),
    (401, {"detail": "Authentication is required to access"}, {}, Proof.NOTHING, NEVER, KEY),
    (403, {"detail": "This key may not"}, {}, Proof.NOTHING, NEVER, KEY),
    (401, HTML, {}, Proof.NOTHING, NEVER, OUTAGE),
    (402, HTML, {}, Proof.NOTHING, NEVER, OUTAGE),
    (500, LOCKED, {}, Proof.NOTHING, NEVER, OUTAGE),
    (500, NO_USER, {}, Proof.NOTHING, NEVER, OUTAGE),
    (502, HTML, {}, Proof.NOTHING, NEVER, OUTAGE),
    (200, {"detail": "x"}, OTHERS, Proof.NOTHING, NEVER, OUTAGE),
]

CANCELS = [
    (200, {"status": "OK"}, {}, Proof.REMOVED, AT_ONCE, None),
    (200, {"success": True}, {}, Proof.REMOVED, AT_ONCE, None),
    (200, {"success": False}, {}, Proof.ASKED, NEVER, None),
    (202, {"status": "CANCELLATION_REQUESTED"}, OURS, Proof.ASKED, NEVER, None),
    (400, {"status": "ALREADY_COMPLETED"}, {}, Proof.TOO_LATE, NEVER, None),
    (404, GONE, {}, Proof.UNKNOWN, NEVER, None),
    *[
        (status, body, {}, Proof.NOTHING, NEVER, OUTAGE)
        for status, body in (
            (200, HTML),
            (200, {}),
            (202, {"status": "OK"}),
            (204, ""),
            (400, HTML),
            (400, TEXT),
            (404, HTML),
            (500, {"status": "OK"}),
            (202, {"success": True}),
            (202, {"success": False}),
            (400, {"status": "CANCELLATION_REQUESTED"}),
            (500, {"status": "ALREADY_COMPLETED"}),
            (410, GONE),
        )
    ],
    (200, {"status": "OK"}, OTHERS, Proof.NOTHING, NEVER, OUTAGE),
]

MEDIA = [
    (200, "", {}, Proof.MADE, NEVER, None),
    *((code, "", {}, Proof.MOVED, NEVER, None) for code in (301, 302, 303, 307, 308)),
    *((code, "", {}, Proof.MISSING, NEVER, None) for code in (403, 404, 410)),
    *((code, "", {}, Proof.NOTHING, NEVER, OUTAGE) for code in (408, 425, 429, 500, 503)),
    *((code, "", {}, Proof.NOTHING, NEVER, None) for code in (206, 300, 304, 400, 405, 451)),
]

HISTORY = [
    (200, {"items": []}, {}, Proof.LISTED, NEVER, None),
    (403, LOCKED, {}, Proof.NOTHING, NEVER, ACCOUNT),
    (401, {"error": {"type": "authorization_error"}}, {}, Proof.CANNOT_LOOK, NEVER, None),
    (403, {"detail": "no"}, {}, Proof.CANNOT_LOOK, NEVER, None),
    (403, HTML, {}, Proof.NOTHING, NEVER, OUTAGE),
    (404, PLATFORM, {}, Proof.NO_LIST, NEVER, None),
    (404, HTML, {}, Proof.NOTHING, NEVER, OUTAGE),
    (500, LOCKED, {}, Proof.NOTHING, NEVER, OUTAGE),
    (500, PLATFORM, {}, Proof.NOTHING, NEVER, OUTAGE),
    (200, {"items": None}, {}, Proof.NOTHING, NEVER, OUTAGE),
    (500, {"items": []}, {}, Proof.NOTHING, NEVER, OUTAGE),
]

EXAMPLES = [
    (call, *line)
    for call, lines in {
        Call.SUBMIT: SUBMITS,
        Call.STATUS: [*STATUSES, *ALL_READS],
        Call.RESULT: [*RESULTS_AT_ONCE, *RESULTS_STEADY, *RESULTS_NEVER, *ALL_READS],
        Call.CANCEL: [*CANCELS, *ALL_READS],
        Call.MEDIA: MEDIA,
        Call.HISTORY: HISTORY,
    }.items()
    for line in lines
]


@pytest.mark.parametrize(
    ("call", "status", "body", "headers", "proves", "final", "trouble"), EXAMPLES
)
def test_each_answer_proves_what_the_table_says(
    call, status, body, headers, proves, final, trouble
):
    row = judge(call, answer(status, body, headers), ID if call in READS else None)
    assert (row.proves, row.final, row.trouble) == (proves, final, trouble)


def test_every_line_of_the_table_has_an_example():
    used = {
        id(judge(call, answer(status, body, headers), ID if call in READS else None))
        for call, status, body, headers, *_ in EXAMPLES
    }
    idle = [row for row in TABLE if id(row) not in used]
    assert idle == []


def test_every_line_has_its_source_and_every_source_a_line():
    assert {row.source for row in TABLE} == set(SOURCES)


def test_the_last_line_of_each_call_takes_what_is_left_and_believes_nothing():
    for call in Call:
        last = [row for row in TABLE if row.call is call][-1]
        bare = Row(call, last.statuses, Proof.NOTHING, Final.NEVER, "CARE", trouble=last.trouble)
        assert last == bare
        assert all(status in last.statuses for status in range(100, 600))


any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
entries = st.dictionaries(
    st.sampled_from(["type", "loc", "msg", "url"]),
    any_json | st.sampled_from([*sorted(ALL_KINDS), "https://v3.fal.media/a.png"]),
)
fields = {
    "detail": any_json | st.lists(entries, max_size=3) | st.just("User is locked. Reason"),
    "error_type": any_json | st.sampled_from(sorted(ALL_KINDS)),
    "type": any_json | st.sampled_from(sorted(ALL_KINDS)),
    "status": any_json | st.sampled_from(["IN_QUEUE", "COMPLETED", "NOT_FOUND", "OK"]),
    "request_id": any_json | st.sampled_from([ID, "another"]),
    "images": any_json | st.lists(entries, max_size=3),
    "success": any_json,
    "items": any_json,
    "error": any_json | entries,
    "status_url": any_json | st.just(f"https://queue.fal.run/a/b/requests/{ID}/status"),
}
bodies = (
    st.fixed_dictionaries({}, optional=fields).map(lambda told: json.dumps(told).encode())
    | any_json.map(lambda told: json.dumps(told).encode())
    | st.binary()
    | st.sampled_from([HTML.encode(), b"", b"[" * 100_000, b'{"a":' * 50_000])
)
headers = st.fixed_dictionaries(
    {},
    optional={
        "x-fal-request-id": st.sampled_from([ID, ID.upper(), "another", ""]) | st.text(),
        "x-fal-error-type": st.sampled_from([*sorted(ALL_KINDS), "new"]) | st.text(),
        "x-fal-request-timeout-type": st.sampled_from(["user", "platform"]) | st.text(),
        "x-fal-billable-units": st.sampled_from(["0", "0.05", "4000", "x"]) | st.text(),
        "retry-after": st.text(),
    },
)
answers = st.builds(Answer, st.integers(100, 599), headers, bodies)


def shows_fals_hand(told):
    """Whether anything in an answer can only be fal's: written without the table's own words."""
    head = told.headers
    if head.get("x-fal-request-id", "").strip().lower() == ID:
        return True
    if head.get("x-fal-error-type") or told.status == 429:
        return True
    body = told.object() or {}
    keys = {"detail", "request_id", "images", "status", "success", "type", "error_type"}
    return bool(keys & set(body)) or any(ID in str(value) for value in body.values())


@given(st.sampled_from(list(Call)), answers)
@example(Call.RESULT, Answer(200, {}, HTML.encode()))
@example(Call.SUBMIT, Answer(404, {}, HTML.encode()))
def test_nothing_without_fals_hand_in_it_is_ever_final(call, told):
    row = judge(call, told, ID if call in READS else None)
    assert row.call is call
    if not shows_fals_hand(told):
        assert row.final is Final.NEVER
        assert row.proves in {
            *(Proof.NOTHING, Proof.LISTED, Proof.CANNOT_LOOK, Proof.NO_LIST),
            *((Proof.MADE, Proof.MOVED, Proof.MISSING) if call is Call.MEDIA else ()),
        }


@given(st.sampled_from(READS), answers)
def test_an_answer_about_another_request_proves_nothing(call, told):
    named = {told.headers.get("x-fal-request-id", "").strip().lower()}
    body_id = (told.object() or {}).get("request_id")
    named |= {body_id.strip().lower()} if isinstance(body_id, str) else set()
    row = judge(call, told, ID)
    if named - {"", ID}:
        assert (row.proves, row.final) == (Proof.NOTHING, Final.NEVER)


@given(answers)
def test_whatever_is_answered_only_core_errors_come_of_it(told):
    refusal = submit_failure(told, GPT_IMAGE_2.id)
    ends = [read_failure(judge(call, told, ID), told, Ticket(ID, "", "", "")) for call in READS]
    for failure in (refusal, *ends):
        assert len(failure.detail) < 500
        assert failure.detail.isprintable()
    for failure in ends:
        word = getattr(failure, "word", None)
        assert word is None or (word.isprintable() and len(word) < 100)
    assert clues(told, ID) == clues(told, ID)
    assert word_of(told) == word_of(told)
