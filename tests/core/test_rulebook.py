from hypothesis import given
from hypothesis import strategies as st

from bot.core.limits import Rule, Rulebook, Subject, Unit, Window, applying

IDS = (1, 2, 3)
FOR_SOMEBODY = (Subject.ROLE, Subject.MEMBER, Subject.CHANNEL)
rules = st.builds(
    Rule,
    st.sampled_from([*FOR_SOMEBODY, Subject.EVERYONE, Subject.SERVER]),
    st.sampled_from(IDS),
    st.sampled_from(Unit),
    st.sampled_from(Window),
    st.integers(0, 9),
).map(
    lambda rule: (
        rule if rule.subject in FOR_SOMEBODY else Rule(rule.subject, 0, rule.unit, rule.window, 5)
    )
)


@given(
    st.lists(rules, max_size=30, unique_by=lambda r: (r.subject, r.subject_id, r.unit, r.window)),
    st.sampled_from(IDS),
    st.frozensets(st.sampled_from(IDS)),
    st.sampled_from(IDS),
)
def test_what_is_near_decides_as_all_rules_do(given_rules, member_id, role_ids, channel_id):
    who = {"member_id": member_id, "role_ids": role_ids, "channel_id": channel_id}
    # As storage reads them: of two roles that are alike, the one with the lower id goes before.
    book = Rulebook(sorted(given_rules, key=lambda rule: (rule.subject, rule.subject_id)))

    assert applying(book.near(**who), **who) == applying(book, **who)
    assert set(book.near(**who)) <= set(book)


def test_a_rulebook_without_rules_knows_nobody():
    assert Rulebook().near(member_id=1, role_ids=frozenset({2}), channel_id=3) == []
