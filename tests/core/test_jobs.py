import pytest

from bot.core.errors import StaleState
from bot.core.jobs import TRANSITIONS, Event, Job, Request, State, next_state
from bot.core.models.gpt_image_2 import Quality
from bot.core.models.options import Format, Size

PAIRS = [(state, event) for state in State for event in Event]

LEGAL = {
    "held": {"submit": "submitting", "cancel": "cancelled", "fail": "failed"},
    "submitting": {"accept": "queued", "return": "held", "lose": "unclear", "fail": "failed"},
    "unclear": {"accept": "queued", "fail": "failed"},
    "queued": {"render": "rendered", "fail": "failed", "cancel": "cancelled"},
    "rendered": {"deliver": "delivered", "strand": "undelivered", "fail": "failed"},
    "undelivered": {"deliver": "delivered"},
    "delivered": {"add": "delivered"},
    "failed": {"accept": "failed", "rescue": "rendered"},
    "cancelled": {"accept": "cancelled", "rescue": "rendered"},
}
"""Written out once more on purpose: a change of the table is a decision, not a slip."""


@pytest.mark.parametrize(("state", "event"), PAIRS)
def test_every_pair_is_as_decided_or_refused(state, event):
    expected = LEGAL.get(state, {}).get(event)

    if expected is None:
        with pytest.raises(StaleState, match=f"a job that is {state} cannot {event}"):
            next_state(state, event)
    else:
        assert next_state(state, event) is State(expected)


def test_an_ended_job_has_no_way_out_but_for_its_late_pictures():
    ways_out = {pair: to for pair, to in TRANSITIONS.items() if pair[0].is_ended if to != pair[0]}
    assert ways_out == {
        (State.UNDELIVERED, Event.DELIVER): State.DELIVERED,
        (State.FAILED, Event.RESCUE): State.RENDERED,
        (State.CANCELLED, Event.RESCUE): State.RENDERED,
    }


def test_exactly_four_states_are_ended():
    ended = {state for state in State if state.is_ended}
    assert ended == {State.DELIVERED, State.UNDELIVERED, State.FAILED, State.CANCELLED}


@pytest.mark.parametrize("start", State)
def test_every_state_is_reachable_and_leads_to_an_end(start):
    def closure(state: State) -> set[State]:
        seen, todo = {state}, [state]
        while todo:
            here = todo.pop()
            after = {to for (from_, _), to in TRANSITIONS.items() if from_ is here} - seen
            seen |= after
            todo += after
        return seen

    assert start in closure(State.HELD)
    assert any(state.is_ended for state in closure(start))


def test_what_may_have_been_sent_is_never_sent_again():
    """Only a job of which it is certain that nothing was sent returns to the line."""
    into_submitting = {pair for pair, after in TRANSITIONS.items() if after is State.SUBMITTING}
    into_held = {pair for pair, after in TRANSITIONS.items() if after is State.HELD}

    assert into_submitting == {(State.HELD, Event.SUBMIT)}
    assert into_held == {(State.SUBMITTING, Event.RETURN)}


def test_nothing_is_cancelled_while_it_is_being_sent_or_unclear_or_paid():
    from_states = {state for state, event in TRANSITIONS if event is Event.CANCEL}
    assert from_states == {State.HELD, State.QUEUED}


def test_the_table_cannot_be_changed_at_run_time():
    with pytest.raises(TypeError):
        TRANSITIONS[State.FAILED, Event.SUBMIT] = State.HELD  # type: ignore[index]


def test_jobs_and_requests_show_neither_prompt_nor_token():
    asked = {
        "server_id": 1, "channel_id": 2, "member_id": 3, "prompt": "a private prompt",
        "size": Size(1024, 1024), "quality": Quality.LOW, "count": 1, "format": Format.PNG,
        "private": True, "interaction_token": "secret-token", "file_limit_bytes": 1,
    }  # fmt: skip
    request = Request(**asked, role_ids=frozenset())
    job = Job(**asked, id="0" * 16, state=State.HELD, held_microusd=1, created_at_ms=1)

    for shown in (repr(request), str(job), f"{job!r}"):
        assert "private prompt" not in shown
        assert "secret-token" not in shown
