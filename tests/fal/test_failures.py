import json

import pytest

from bot.core.errors import (
    AccountLocked,
    BadParameter,
    CancelledAtFal,
    ContentRefused,
    Gone,
    KeyRejected,
    NotSent,
    SubmitUnclear,
    TemporaryFailure,
    Unproven,
)
from bot.core.jobs import Ticket
from bot.core.models.gpt_image_2 import GPT_IMAGE_2
from bot.fal.clues import kind_of, word_of
from bot.fal.evidence import Call, judge
from bot.fal.failures import described, read_failure, retry_after_s, submit_failure
from bot.fal.kinds import ALL_KINDS, CALL_CANCEL, CALL_FAILURE, CALL_PARAMETER
from bot.fal.wire import Answer
from standins.fal.endings import FAILURES

ID = "abc-1"
MAYBE_OF_THE_CALL = CALL_CANCEL | CALL_FAILURE | CALL_PARAMETER
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


def result_failure(told):
    return read_failure(judge(Call.RESULT, told, ID), told, Ticket(ID, "", "", ""))


def model_error(*kinds):
    return {"detail": [{"loc": ["body", "prompt"], "msg": "m", "type": kind} for kind in kinds]}


WITHOUT_LIST = {"detail": "m", "error_type": "no_media_generated"}


@pytest.mark.parametrize(
    ("told", "cost", "may_be_billed"),
    [
        (answer(422, model_error("no_media_generated")), None, False),
        (answer(422, WITHOUT_LIST), None, True),
        (answer(400, model_error("downstream_service_error")), None, True),
        (answer(500, model_error("internal_server_error")), None, False),
        (answer(422, WITHOUT_LIST, x_fal_billable_units="0.05"), 50_000, False),
        (answer(400, model_error("one_of"), x_fal_billable_units="0"), 0, False),
        (answer(400, model_error("one_of"), x_fal_billable_units="none"), None, True),
    ],
)
def test_a_failure_is_free_where_fal_says_so_or_never_bills_it(told, cost, may_be_billed):
    failure = result_failure(told)
    assert (failure.cost_microusd, failure.may_be_billed) == (cost, may_be_billed)


def test_every_family_of_the_stand_in_is_in_this_table():
    assert {failure.kind for failure in FAILURES.values()} <= set(FAMILIES) == ALL_KINDS


@pytest.mark.parametrize(("kind", "status", "error"), [(k, s, e) for k, (s, e) in FAMILIES.items()])
def test_a_family_is_the_same_in_each_form_and_under_a_foreign_status(kind, status, error):
    """At once where only the model or a runner can have said it, else if it stays."""
    forms = [
        answer(status, model_error(kind)),
        answer(status, {"detail": "text", "error_type": kind}),
        answer(status, {"detail": "text", "type": kind}),
        answer(status, {"detail": "text"}, x_fal_error_type=kind),
        answer(500, model_error(kind)),
        answer(400, model_error(kind)),
    ]
    for form in forms:
        failure = result_failure(form)
        if kind in MAYBE_OF_THE_CALL:
            assert isinstance(failure, Unproven)
            assert failure.trouble is None
            failure = failure.end
        assert failure is not None
        assert type(failure) is error
        assert kind in failure.detail


@pytest.mark.parametrize("kind", sorted(FAMILIES))
@pytest.mark.parametrize("status", [401, 403, 404, 408, 410, 425, 429])
def test_a_family_under_a_status_of_the_call_must_stay(kind, status):
    failure = result_failure(answer(status, model_error(kind), x_fal_request_id=ID))
    assert isinstance(failure, Unproven)
    assert type(failure.end) is FAMILIES[kind][1]


def test_a_family_in_a_header_of_a_page_must_stay():
    failure = result_failure(answer(502, b"<html>", x_fal_error_type="runner_server_error"))
    assert isinstance(failure, Unproven)
    assert type(failure.end) is TemporaryFailure


@pytest.mark.parametrize(
    ("status", "body", "end"),
    [
        (400, {"detail": "Request is still in progress"}, None),
        (401, {"detail": "No user found for Key ID and Secret"}, None),
        (401, {"detail": "the app says so"}, TemporaryFailure),
        (402, {"detail": "Payment required"}, None),
        (403, {"detail": LOCKED}, None),
        (404, {"status": "NOT_FOUND"}, Gone),
        (422, model_error("a_new_type"), BadParameter),
        (499, {"detail": "x"}, CancelledAtFal),
        (500, {"detail": "Internal Server Error"}, TemporaryFailure),
        (500, {"detail": "x", "error_type": "a_new_type"}, TemporaryFailure),
        (302, b"", None),
    ],
)
def test_without_a_known_family_fals_word_must_stay(status, body, end):
    told = answer(status, body, x_fal_request_id=ID, x_fal_billable_units="0.05")
    failure = result_failure(told)
    assert isinstance(failure, Unproven)
    if end is None:
        assert (failure.word, failure.end) == (None, None)
        return
    assert failure.end is not None
    assert type(failure.end) is end
    assert failure.end.cost_microusd == 50_000


def test_words_are_equal_for_equal_answers_and_differ_for_others():
    one = answer(500, {"detail": "a secret prompt"})
    assert word_of(one) == word_of(answer(500, {"detail": "a secret prompt"}))
    others = [
        answer(503, {"detail": "a secret prompt"}),
        answer(500, {"detail": "a secret prompt."}),
        answer(500, {"detail": "a secret prompt"}, x_fal_error_type="internal_error"),
    ]
    assert len({word_of(told) for told in (one, *others)}) == 4
    assert "secret" not in word_of(one)


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
        (307, b"", SubmitUnclear),
        (404, b"<html>", SubmitUnclear),
        (403, b"<html>", SubmitUnclear),
        (400, {"detail": "Invalid JSON"}, BadParameter),
        (413, b"", SubmitUnclear),
        (413, {"detail": "too large"}, BadParameter),
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
    assert type(submit_failure(answer(status, body), GPT_IMAGE_2.id)) is error


@pytest.mark.parametrize(
    ("text", "wait_s"),
    [("7", 7.0), ("1.5", 1.5), ("0", 0.0), ("999999", 3600.0), ("-1", None), ("soon", None)],
)
def test_a_wait_that_fal_asks_for_is_told_on(text, wait_s):
    failure = submit_failure(answer(429, b"", retry_after=text), GPT_IMAGE_2.id)
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


def test_the_apps_own_text_is_not_repeated_either():
    told = answer(500, {"detail": "cannot draw: secret words"}, x_fal_request_id=ID)
    assert described(told, ID) == "500 by the request's own answer"
    gateway = answer(404, {"detail": "Application not found"})
    assert described(gateway, ID) == "404 Application not found"
