import json

import pytest

from bot.core.errors import (
    AccountLocked,
    BadParameter,
    CancelledAtFal,
    ContentRefused,
    Gone,
    KeyRejected,
    NotReady,
    NotSent,
    SubmitUnclear,
    TemporaryFailure,
)
from bot.fal.failures import kind_of, may_pass, result_failure, retry_after_s, submit_failure
from bot.fal.wire import Answer
from bot.standin.fal.endings import FAILURES

LOCKED = "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai."
FAMILIES = {
    "content_policy_violation": (422, ContentRefused),
    "no_media_generated": (422, TemporaryFailure),
    "one_of": (422, BadParameter),
    "multiple_of": (422, BadParameter),
    "greater_than_equal": (422, BadParameter),
    "less_than_equal": (422, BadParameter),
    "sequence_too_short": (422, BadParameter),
    "sequence_too_long": (422, BadParameter),
    "image_too_small": (422, BadParameter),
    "image_too_large": (422, BadParameter),
    "image_load_error": (422, BadParameter),
    "file_download_error": (422, BadParameter),
    "file_too_large": (422, BadParameter),
    "unsupported_image_format": (422, BadParameter),
    "feature_not_supported": (422, BadParameter),
    "internal_server_error": (500, TemporaryFailure),
    "downstream_service_error": (400, TemporaryFailure),
    "downstream_service_unavailable": (500, TemporaryFailure),
    "generation_timeout": (504, TemporaryFailure),
    "request_timeout": (504, TemporaryFailure),
    "startup_timeout": (504, TemporaryFailure),
    "runner_scheduling_failure": (503, TemporaryFailure),
    "runner_connection_timeout": (503, TemporaryFailure),
    "runner_disconnected": (503, TemporaryFailure),
    "runner_connection_refused": (503, TemporaryFailure),
    "runner_connection_error": (503, TemporaryFailure),
    "runner_incomplete_response": (502, TemporaryFailure),
    "runner_server_error": (500, TemporaryFailure),
    "internal_error": (500, TemporaryFailure),
    "bad_request": (400, BadParameter),
    "client_disconnected": (499, CancelledAtFal),
    "client_cancelled": (499, CancelledAtFal),
    "concurrent_requests_limit": (429, TemporaryFailure),
}


def answer(status, body, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, named, data)


def model_error(*kinds):
    return {"detail": [{"loc": ["body", "prompt"], "msg": "m", "type": kind} for kind in kinds]}


def test_every_family_of_the_stand_in_is_in_this_table():
    assert {failure.kind for failure in FAILURES.values()} <= set(FAMILIES)


@pytest.mark.parametrize(("kind", "status", "error"), [(k, s, e) for k, (s, e) in FAMILIES.items()])
def test_a_family_is_the_same_in_each_form_and_under_a_foreign_status(kind, status, error):
    forms = [
        answer(status, model_error(kind)),
        answer(status, {"detail": "text", "error_type": kind}),
        answer(status, {"detail": "text", "type": kind}),
        answer(status, {"detail": "text"}, x_fal_error_type=kind),
        answer(status, b"no json", x_fal_error_type=kind),
        answer(500, model_error(kind)),
        answer(400, model_error(kind)),
    ]
    for form in forms:
        failure = result_failure(form)
        assert type(failure) is error
        assert kind in failure.detail
        assert not (may_pass(form) and form.status >= 500)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"detail": "Request is still in progress"}, NotReady),
        (400, {"detail": "anything else without a type"}, NotReady),
        (401, {"detail": "No user found for Key ID and Secret"}, KeyRejected),
        (402, {"detail": "Payment required"}, AccountLocked),
        (403, {"detail": LOCKED}, AccountLocked),
        (403, {"detail": "User is locked. Reason: TOP_UP."}, AccountLocked),
        (403, {"detail": "This key may not"}, KeyRejected),
        (403, b"<html>", KeyRejected),
        (404, {"status": "NOT_FOUND"}, Gone),
        (422, {"detail": "text only"}, BadParameter),
        (422, model_error("a_new_type"), BadParameter),
        (422, model_error("missing", "string_type"), BadParameter),
        (422, b"", BadParameter),
        (429, {"detail": "slow down"}, TemporaryFailure),
        (499, {"detail": "x"}, CancelledAtFal),
        (500, b"<html>nginx", TemporaryFailure),
        (500, {"detail": "x", "error_type": "a_new_type"}, TemporaryFailure),
        (302, b"", TemporaryFailure),
    ],
)
def test_without_a_known_family_the_status_decides(status, body, error):
    assert type(result_failure(answer(status, body))) is error


def test_of_several_entries_a_content_refusal_decides():
    told = answer(422, model_error("one_of", "content_policy_violation"))
    assert type(result_failure(told)) is ContentRefused
    assert kind_of(answer(422, model_error("new", "one_of"))) == "one_of"


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, {"detail": "No user found"}, KeyRejected),
        (402, {"detail": "x"}, AccountLocked),
        (403, {"detail": LOCKED}, AccountLocked),
        (403, {"detail": "no"}, KeyRejected),
        (404, {"detail": "Application not found"}, BadParameter),
        (307, b"", BadParameter),
        (400, {"detail": "Invalid JSON"}, BadParameter),
        (413, b"", BadParameter),
        (422, model_error("one_of"), BadParameter),
        (422, model_error("content_policy_violation"), ContentRefused),
        (400, model_error("content_policy_violation"), ContentRefused),
        (429, {"detail": "x"}, NotSent),
        (408, b"", SubmitUnclear),
        (409, b"", SubmitUnclear),
        (500, {"detail": "x"}, SubmitUnclear),
        (502, b"nginx", SubmitUnclear),
        (503, {"detail": "x", "error_type": "runner_scheduling_failure"}, SubmitUnclear),
        (504, b"", SubmitUnclear),
        (599, b"", SubmitUnclear),
    ],
)
def test_a_refused_submit_says_whether_a_job_can_have_been_made(status, body, error):
    assert type(submit_failure(answer(status, body))) is error


@pytest.mark.parametrize(
    ("text", "wait_s"),
    [("7", 7.0), ("1.5", 1.5), ("0", 0.0), ("999999", 3600.0), ("-1", None), ("soon", None)],
)
def test_a_wait_that_fal_asks_for_is_told_on(text, wait_s):
    failure = submit_failure(answer(429, b"", retry_after=text))
    assert isinstance(failure, NotSent)
    assert failure.retry_after_s == wait_s


def test_a_date_to_come_again_is_no_number_of_seconds():
    assert retry_after_s({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}) is None
    assert retry_after_s({}) is None


def test_a_failure_carries_what_it_cost():
    told = answer(422, model_error("content_policy_violation"), x_fal_billable_units="0.05")
    assert result_failure(told).cost_microusd == 50_000
    assert result_failure(answer(422, model_error("one_of"))).cost_microusd is None
    free = answer(422, model_error("one_of"), x_fal_billable_units="0")
    assert result_failure(free).cost_microusd == 0


def test_the_detail_never_repeats_the_prompt():
    entry = {"loc": ["body", "prompt"], "msg": "secret words", "type": "one_of"}
    failure = result_failure(answer(422, {"detail": [{**entry, "input": "secret words"}]}))
    assert failure.detail == "422 one_of at body.prompt"


@pytest.mark.parametrize(
    ("told", "passes"),
    [
        (answer(404, {"status": "NOT_FOUND"}), True),
        (answer(429, b""), True),
        (answer(502, b"nginx"), True),
        (answer(500, {"detail": "text"}), True),
        (answer(500, {"detail": "text", "error_type": "runner_server_error"}), False),
        (answer(422, model_error("one_of")), False),
        (answer(401, b""), False),
    ],
)
def test_only_what_has_not_fals_name_on_it_is_asked_again(told, passes):
    assert may_pass(told) is passes
