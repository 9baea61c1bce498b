"""The usual faults by name, for tests that want to read well and for the control by HTTP.

A name begins with the call that it strikes. Unless it says otherwise an answer comes from
something in between, without fal's request id. What is not here is built from the kinds of
`standins.fal.faults`.
"""

from standins.fal.endings import FAILURES, UNTYPED
from standins.fal.faults import (
    Alter,
    BrokenMedia,
    CutStream,
    Delay,
    Drop,
    EndsWith,
    Fault,
    HugeMedia,
    OtherMedia,
    Output,
    RawStream,
    Reply,
    ResizedMedia,
    Rude,
    SilentStream,
    SlowMedia,
    Stage,
    TruncatedMedia,
    Units,
)

EXHAUSTED = (
    "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."
)
ADMIN_LOCK = "User is locked. Reason: Admin lock. Please contact support@fal.ai"
FOREIGN = "https://elsewhere.invalid"
"""An address that no resolver knows, so that a mistake sends nothing anywhere."""
CANCELLED = "Request cancelled by the client."
GARBAGE = '{"status": "IN_QU'
HTML = "<html><body>It works!</body></html>"
NGINX = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"

_SERVER_ERRORS = (500, 502, 503, 504)
_ALL_CALLS = tuple(Stage)


def _refusal(stage: Stage, status: int, detail: str = "Something went wrong") -> Reply:
    return Reply(stage, status, {"detail": detail})


_EVERYWHERE: dict[str, Fault] = {
    **{f"{stage}_{code}": _refusal(stage, code) for stage in _ALL_CALLS for code in _SERVER_ERRORS},
    **{f"{stage}_429": _refusal(stage, 429, "Too many requests") for stage in _ALL_CALLS},
    **{
        f"{stage}_429_retry_after": Reply(
            stage, 429, {"detail": "Too many requests"}, {"Retry-After": "1"}
        )
        for stage in _ALL_CALLS
    },
    **{
        f"{stage}_401": _refusal(stage, 401, "No user found for Key ID and Secret")
        for stage in _ALL_CALLS
    },
    **{f"{stage}_nginx_502": Reply(stage, 502, NGINX) for stage in _ALL_CALLS},
    **{f"{stage}_closed": Drop(stage) for stage in _ALL_CALLS},
    **{f"{stage}_stalled": Delay(stage) for stage in _ALL_CALLS},
    **{f"{stage}_late": Delay(stage, 1.0) for stage in _ALL_CALLS},
    **{f"{stage}_garbled": Reply(stage, 200, GARBAGE, accepted=True) for stage in _ALL_CALLS},
    **{f"{stage}_not_json": Reply(stage, 200, HTML, accepted=True) for stage in _ALL_CALLS},
    **{f"{stage}_404": Reply(stage, 404, {"status": "NOT_FOUND"}) for stage in _ALL_CALLS},
    **{f"{stage}_405": _refusal(stage, 405, "Method Not Allowed") for stage in _ALL_CALLS},
    **{f"{stage}_302": Reply(stage, 302, "", {"Location": FOREIGN}) for stage in _ALL_CALLS},
    **{f"{stage}_402": _refusal(stage, 402, "Payment required") for stage in _ALL_CALLS},
    **{f"{stage}_locked": _refusal(stage, 403, EXHAUSTED) for stage in _ALL_CALLS},
    **{f"{stage}_499": _refusal(stage, 499, CANCELLED) for stage in _ALL_CALLS},
    **{
        f"{stage}_gateway_{code}": Reply(stage, code, f"<html>{code}</html>")
        for stage in _ALL_CALLS
        for code in (400, 401, 403, 404, 408, 409, 410, 425, 499)
    },
}

_SUBMIT: dict[str, Fault] = {
    "submit_lost": Drop(Stage.SUBMIT, accepted=True),
    "submit_stalled_accepted": Delay(Stage.SUBMIT, accepted=True),
    **{
        f"submit_{code}_accepted": Reply(
            Stage.SUBMIT, code, {"detail": "Something went wrong"}, accepted=True
        )
        for code in _SERVER_ERRORS
    },
    "submit_admin_lock": _refusal(Stage.SUBMIT, 403, ADMIN_LOCK),
    "submit_403": _refusal(Stage.SUBMIT, 403, "This key may not call this model"),
    "submit_404": _refusal(Stage.SUBMIT, 404, "Application not found"),
    "submit_without_id": Alter(Stage.SUBMIT, without=frozenset({"request_id"})),
    "submit_without_urls": Alter(
        Stage.SUBMIT, without=frozenset({"status_url", "response_url", "cancel_url"})
    ),
    "submit_without_status": Alter(Stage.SUBMIT, without=frozenset({"status", "queue_position"})),
    "submit_foreign_urls": Alter(
        Stage.SUBMIT,
        instead=dict.fromkeys(
            ("status_url", "response_url", "cancel_url"), f"{FOREIGN}/openai/gpt-image-2/requests/1"
        ),
    ),
}

_FOLLOW: dict[str, Fault] = {
    "status_without_logs": Alter(Stage.STATUS, without=frozenset({"logs"})),
    "status_null_urls": Alter(
        Stage.STATUS,
        instead=dict.fromkeys(("status_url", "response_url", "cancel_url")),
    ),
    "status_of_another": Alter(Stage.STATUS, instead={"request_id": "somebody-elses"}),
    "status_unknown_word": Alter(Stage.STATUS, instead={"status": "FAILED"}),
    "stream_cut": CutStream(1),
    "stream_empty": CutStream(0),
    "stream_silent": SilentStream(),
    "stream_garbled": RawStream(b"data: {not json\n\ndata: 42\n\nnonsense\n\n", goes_on=True),
    "stream_garbled_and_cut": RawStream(b"data: {not json\n\n"),
    "stream_huge": RawStream(b"data: " + b"x" * 4_000_000 + b"\n\n", goes_on=True),
    "cancel_lost": Drop(Stage.CANCEL, accepted=True),
}

_RESULT: dict[str, Fault] = {
    **{f"result_{name}": EndsWith(name) for name in (*FAILURES, *UNTYPED)},
    **{f"result_{name}_billed": EndsWith(name, billed=True) for name in (*FAILURES, *UNTYPED)},
    "result_too_early": Reply(
        Stage.RESULT, 400, {"detail": "Request is still in progress"}, identified=True
    ),
    "result_in_progress": Reply(Stage.RESULT, 202, {"status": "IN_PROGRESS"}, identified=True),
    "result_passing_500": Reply(
        Stage.RESULT, 500, {"detail": "Internal Server Error"}, identified=True
    ),
    "result_of_another": Alter(Stage.RESULT, instead={"request_id": "somebody-elses"}),
    "result_units_missing": Units(None),
    "result_units_garbled": Units("about three"),
    "result_units_negative": Units("-1"),
    "result_units_zero": Units("0"),
    "result_units_4000": Units("4000"),
    "result_units_huge": Units("1000000"),
    "result_fewer": Output(count=1),
    "result_more": Output(count=5),
    "result_none": Output(count=0),
    "result_black": Output(is_black=True),
    "result_foreign_host": Output(instead={"url": f"{FOREIGN}/files/picture.png"}),
    "result_wrong_size": Output(instead={"width": 1, "height": 1}),
    "result_null_size": Output(instead={"width": None, "height": None}),
    "result_without_size": Output(without=frozenset({"width", "height"})),
    "result_without_url": Output(without=frozenset({"url"})),
    "result_one_without_url": Output(without=frozenset({"url"}), only=frozenset({1})),
    "result_without_type": Output(without=frozenset({"content_type", "file_name"})),
    "result_without_images": Alter(Stage.RESULT, without=frozenset({"images"})),
    "result_null_images": Alter(Stage.RESULT, instead={"images": None}),
}

_MEDIA: dict[str, Fault] = {
    "media_slow": SlowMedia(0.05),
    "media_stuck": SlowMedia(None),
    "media_huge": HugeMedia(),
    "media_huge_undeclared": HugeMedia(is_declared=False),
    "media_truncated": TruncatedMedia(),
    "media_html": OtherMedia(HTML.encode(), "text/html"),
    "media_html_as_image": OtherMedia(HTML.encode()),
    "media_wrong_type": OtherMedia(content_type="application/octet-stream"),
    "media_empty": OtherMedia(b""),
    "media_broken": BrokenMedia(),
    "media_resized": ResizedMedia(),
    "media_redirect": Reply(Stage.MEDIA, 302, "", {"Location": f"{FOREIGN}/picture.png"}),
    "media_moved": Reply(Stage.MEDIA, 302, "", {"Location": "?moved"}),
    "media_403": _refusal(Stage.MEDIA, 403, "Forbidden"),
    "media_404": _refusal(Stage.MEDIA, 404, "File not found"),
    "media_410": _refusal(Stage.MEDIA, 410, "Gone"),
}

_HISTORY: dict[str, Fault] = {
    "history_403": Reply(
        Stage.HISTORY,
        403,
        {"error": {"type": "authorization_error", "message": "This key may not read it"}},
    ),
}

_WEBHOOK: dict[str, Fault] = {
    "webhook_lost": Rude(times=0),
    "webhook_twice": Rude(times=2),
    "webhook_late": Rude(is_late=True),
    "webhook_forged": Rude(is_forged=True),
    "webhook_stale": Rude(age_s=301),
    "webhook_of_the_future": Rude(age_s=-301),
    "webhook_bare": Rude(is_bare=True),
    "webhook_other_words": Rude(error="Unexpected status code"),
}

NAMED: dict[str, Fault] = {
    **_EVERYWHERE,
    **_SUBMIT,
    **_FOLLOW,
    **_RESULT,
    **_MEDIA,
    **_HISTORY,
    **_WEBHOOK,
}
"""Every named fault."""


def named(name: str) -> Fault:
    """Look a fault up.

    Raises:
        KeyError: No fault has that name.
    """
    return NAMED[name]
