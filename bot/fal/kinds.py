"""fal's names for its families of errors, sorted by what they mean for a job."""

CONTENT = frozenset({"content_policy_violation"})
"""The content check said no."""

PARAMETER = frozenset(
    {
        "one_of",
        "multiple_of",
        "greater_than_equal",
        "less_than_equal",
        "sequence_too_short",
        "sequence_too_long",
        "image_too_small",
        "image_too_large",
        "image_load_error",
        "file_download_error",
        "file_too_large",
        "unsupported_image_format",
        "feature_not_supported",
    }
)
"""A field of the input is not accepted."""

FAILURE = frozenset(
    {
        # fal marks it "do not retry", and we do not; but it blames nobody: the model ended
        # without a picture, and the same words may well bring one for the member next time.
        "no_media_generated",
        "internal_server_error",
        "downstream_service_error",
        "downstream_service_unavailable",
        "generation_timeout",
        "startup_timeout",
        "runner_scheduling_failure",
        "runner_connection_timeout",
        "runner_disconnected",
        "runner_connection_refused",
        "runner_connection_error",
        "runner_incomplete_response",
        "runner_server_error",
    }
)
"""The model or its runner failed. None of them can be about a GET of a stored result."""

CANCEL = frozenset({"client_cancelled"})
"""The request was cancelled."""

CALL_FAILURE = frozenset({"request_timeout", "internal_error", "concurrent_requests_limit"})
CALL_PARAMETER = frozenset({"bad_request"})
CALL_CANCEL = frozenset({"client_disconnected"})
"""These three sets may be about a job, but a gateway may as well say them about the very call
that asks for the job; so they prove something only if they stay."""

LIMIT = frozenset({"request_timeout"})
"""What a request ends with that did not start in time; then a header says whose limit it was."""

ALL_KINDS = CONTENT | PARAMETER | FAILURE | CANCEL | CALL_FAILURE | CALL_PARAMETER | CALL_CANCEL
