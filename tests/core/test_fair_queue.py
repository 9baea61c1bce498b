from copy import deepcopy

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from bot.core.fair_queue import Line


def emptied(line: Line) -> list[str]:
    """Take everything, as the runner does."""
    taken: list[str] = []
    while (job_id := line.take()) is not None:
        taken.append(job_id)
    return taken


def filled(*waiting: tuple[str, int]) -> Line:
    line = Line()
    for job_id, member_id in waiting:
        line.add(job_id, member_id)
    return line


def test_an_empty_line_has_nothing_to_take():
    line = Line()

    assert line.take() is None
    assert len(line) == 0
    assert list(line) == []
    assert line.ahead("a") is None
    assert line.ahead_of_new(1) == 0
    assert not line.remove("a")


def test_one_member_s_jobs_go_in_the_order_they_came():
    assert emptied(filled(("a", 1), ("b", 1), ("c", 1))) == ["a", "b", "c"]


def test_members_take_turns():
    line = filled(("a1", 1), ("a2", 1), ("a3", 1), ("b1", 2), ("c1", 3), ("b2", 2))

    assert emptied(line) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_nobody_s_single_request_waits_behind_another_s_fifty():
    line = filled(*((f"a{number}", 1) for number in range(50)))
    assert line.ahead_of_new(2) == 1

    line.add("b", 2)

    assert line.ahead("b") == 1
    assert emptied(line)[:3] == ["a0", "b", "a1"]


def test_a_member_who_was_just_served_goes_to_the_end_of_the_round():
    line = filled(("a1", 1), ("a2", 1), ("b1", 2))

    assert line.take() == "a1"
    line.add("c1", 3)

    assert emptied(line) == ["b1", "a2", "c1"]


def test_a_job_that_waits_already_is_not_added_again():
    line = filled(("a", 1), ("b", 2))

    line.add("a", 2)
    line.add_first("b", 1)

    assert emptied(line) == ["a", "b"]


def test_a_job_that_had_its_turn_in_vain_goes_before_everything_else():
    line = filled(("a1", 1), ("b1", 2), ("b2", 2))
    assert line.take() == "a1"
    assert line.take() == "b1"

    line.add_first("b1", 2)
    line.add_first("a1", 1)

    assert set(line) == {"a1", "b1", "b2"}
    assert line.ahead("a1") == 0
    assert emptied(line) == ["a1", "b1", "b2"]


def test_a_removed_job_leaves_no_trace():
    line = filled(("a1", 1), ("a2", 1), ("b1", 2))

    assert line.remove("a1")
    assert line.remove("b1")

    assert not line.remove("a1")
    assert "a1" not in line
    assert "a2" in line
    assert len(line) == 1
    assert line.ahead_of_new(2) == 1
    assert emptied(line) == ["a2"]


members = st.integers(1, 4)


@given(st.lists(members, max_size=30))
def test_no_member_is_two_turns_ahead_of_another_who_waits(order):
    line = filled(*((f"{number}", member) for number, member in enumerate(order)))

    taken = [order[int(job_id)] for job_id in emptied(line)]

    for end in range(len(taken)):
        turns = {member: taken[: end + 1].count(member) for member in set(order)}
        waiting = {member for member in turns if turns[member] < order.count(member)}
        assert all(max(turns.values()) <= turns[member] + 1 for member in waiting)


@given(
    st.lists(members, max_size=40),
    st.lists(st.integers(0, 39), max_size=15),
    st.integers(0, 10),
)
def test_the_list_of_places_is_what_each_job_is_told_and_what_comes_to_pass(order, removed, taken):
    line = filled(*((f"{number}", member) for number, member in enumerate(order)))
    for _ in range(taken):
        line.take()
    for number in removed:
        line.remove(f"{number}")
    places = line.places()
    assert [line.ahead(job_id) for job_id in places] == list(range(len(line)))
    assert len(line) == len(places), "and looking takes nothing out"
    assert emptied(line) == places


class LineMachine(RuleBasedStateMachine):
    """Whatever happened before, what the line says of places is what comes to pass."""

    ids = Bundle("ids")

    def __init__(self):
        super().__init__()
        self.line = Line()
        self.member_of: dict[str, int] = {}
        self.number = 0

    @rule(target=ids, member=members)
    def add(self, member):
        self.number += 1
        job_id = f"job{self.number}"
        self.line.add(job_id, member)
        self.member_of[job_id] = member
        return job_id

    @rule()
    def take(self):
        self.member_of.pop(self.line.take() or "", None)

    @rule()
    def take_in_vain(self):
        job_id = self.line.take()
        if job_id is not None:
            self.line.add_first(job_id, self.member_of[job_id])
            assert self.line.ahead(job_id) == 0

    @rule(job_id=ids)
    def remove(self, job_id):
        waited = job_id in self.line
        assert self.line.remove(job_id) == waited
        self.member_of.pop(job_id, None)

    @invariant()
    def every_place_is_what_comes_to_pass(self):
        taken = emptied(deepcopy(self.line))
        assert self.line.places() == taken
        for place, job_id in enumerate(taken):
            assert self.line.ahead(job_id) == place
        for member in range(1, 6):
            assert self.line.ahead_of_new(member) == self.turn_of_a_new_job(member)
        assert set(self.line) == set(self.member_of)
        assert len(self.line) == len(self.member_of)

    def turn_of_a_new_job(self, member):
        later = deepcopy(self.line)
        later.add("new", member)
        return emptied(later).index("new")


TestLineMachine = LineMachine.TestCase
TestLineMachine.settings = settings(max_examples=40, stateful_step_count=25)
