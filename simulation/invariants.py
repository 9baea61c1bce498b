"""What must hold whatever goes wrong: one small function for each promise.

Those in `ALWAYS` are asked after every commit that touches money or jobs, those in `AT_THE_END`
once nothing has gone wrong for days.
"""

from collections.abc import Callable, Iterable, Iterator

from bot.core.jobs import TRANSITIONS
from bot.core.models.gpt_image_2 import GPT_IMAGE_2
from bot.services.limits.strikes import STRIKES_MAX
from bot.storage.ledger import check
from simulation import diligence, reading
from simulation.fal import Drawn, Job
from simulation.limits import overruns
from simulation.reading import Account
from simulation.scene import Scene
from simulation.world import BrokenPromise

_KNOWN_S = 5.0
"""So soon after an end was told it is known wherever it counts."""

_LINE_S, _SILENCE_S, _FILES_S, _SLACK_S = 3600.0, 3600.0, 3600.0, 900.0
_OWN_ERROR_S = 900.0
_FIRST_PICTURE_S = 180.0


Findings = Iterator[BrokenPromise]
Promise = Callable[[Scene], Findings]


# After every commit


def every_bill_is_covered(scene: Scene) -> Findings:
    """What fal bills is held, settled or in doubt at every instant."""
    for account in scene.accounts.values():
        bill = sum(scene.fal.bill(one) for one in scene.requests[account.id])
        if not account.open_hold and account.cost + account.doubt < _knowable(bill, account):
            yield scene.broken(
                f"fal bills {bill}, the books say {account.cost} and {account.doubt} in doubt; "
                f"it is {account.state} {account.reason}",
                account.id,
            )


def _knowable(bill: int, account: Account) -> int:
    """As long as nobody knows a bill, its hold is the best bound there is."""
    return min(bill, account.held) if account.doubt else bill


def one_submit_a_job(scene: Scene) -> Findings:
    """Nothing is sent again unless fal itself proved that it took nothing."""
    unproven: set[str] = set()
    for attempt in scene.fal.attempts:
        if attempt.job_id in unproven:
            yield scene.broken(
                "sent again after an attempt that may have come through", attempt.job_id
            )
        if not attempt.is_proof:
            unproven.add(attempt.job_id)


def charge_within_hold(scene: Scene) -> Findings:
    """No member pays more than was held."""
    for account in scene.accounts.values():
        if account.charge_microusd > account.held or account.charge_images > account.count:
            yield scene.broken(
                f"held {account.count} / {account.held}, "
                f"charged {account.charge_images} / {account.charge_microusd}",
                account.id,
            )


def no_means_no(scene: Scene) -> Findings:
    """What a member was told had failed, or heard nothing of, is never sent."""
    _ = scene.accounts
    for press in scene.people.presses:
        job_id = press.job_id or scene.jobs_of_tokens.get(press.request.interaction_token, "")
        is_sent = any(attempt.job_id == job_id for attempt in scene.fal.attempts)
        if press.answer in ("failed", "") and is_sent:
            told = "told to try again" if press.answer else "never answered"
            yield scene.broken(f"press {press.number} was {told}, and it is sent", job_id)


def no_limit_is_overrun(scene: Scene) -> Findings:
    """Each new hold fits under every limit of that moment, with what is in doubt counted in."""
    accounts, world = scene.accounts, scene.world
    new = [one for one in accounts.values() if one.id not in scene.seen and one.kinds]
    scene.seen.update(one.id for one in new)
    if not new:
        return
    now_ms = world.now_ms + world.wall_offset_ms
    for found in overruns(scene.reader, accounts, new, scene.limits, now_ms):
        rule = found.rule
        what = f"{rule.subject} {rule.unit} a {rule.window}"
        yield scene.broken(f"{what}: {found.used} of {rule.amount}", found.job_id)


# Once everything has calmed down


def bill_equals_books(scene: Scene) -> Findings:
    """fal's bill is what is settled, and what is in doubt bounds the rest."""
    for account in scene.accounts.values():
        bill = sum(scene.fal.bill(one) for one in scene.requests[account.id])
        if not account.cost <= bill or account.cost + account.doubt < _knowable(bill, account):
            yield scene.broken(
                f"fal bills {bill}, the books say {account.cost} and {account.doubt} in doubt",
                account.id,
            )


def every_picture_is_kept(scene: Scene) -> Findings:
    """What fal made is with the member, on its way, or on the shelf."""
    for account, request in _owned(scene):
        if not account.is_ended or account.is_searched or not scene.may_find(request):
            continue
        kept = scene.inbox(account.id).marks | scene.on_shelf
        lost = [one.mark for one in _to_be_had(scene, request) if one.mark not in kept]
        if lost:
            yield scene.broken(
                f"{len(lost)} of {len(request.pictures)} pictures are lost; "
                f"it is {account.state} {account.reason}",
                account.id,
            )


def _owned(scene: Scene) -> Iterator[tuple[Account, Job]]:
    for account in scene.accounts.values():
        for request in scene.requests[account.id]:
            yield account, request


def _to_be_had(scene: Scene, request: Job) -> Iterable[Drawn]:
    made = scene.fal.made(request)[: GPT_IMAGE_2.count_max]
    return (one for one in made if one.url is not None and not one.is_foreign)


def one_message_a_job(scene: Scene) -> Findings:
    """A job posts each picture once; more messages only for what came later."""
    for job_id, inbox in scene.discord.inboxes.items():
        if sum(len(post) for post in inbox.posts) > len(inbox.marks):
            yield scene.broken(f"a picture stands in two of {len(inbox.posts)} messages", job_id)


def charges_fit_what_arrived(scene: Scene) -> Findings:
    """Each member pays for what arrived, picture by picture and dollar by dollar."""
    for account in scene.accounts.values():
        if not account.is_ended:
            continue
        arrived, made = len(scene.inbox(account.id).marks), _made(scene, account.id)
        paid = (account.charge_images, account.charge_microusd)
        images = min(max(0, arrived - account.free), account.count)
        if scene.inbox(account.id).ends or account.state == "undelivered":
            images = 0
        share = account.cost * images / max(1, made)
        due = min(account.held * images / account.count, share)
        lowest, highest = due - made - 1, due + made + 1
        if not images:
            lowest = highest = 0
        is_free = paid == (0, 0) and not scene.inbox(account.id).is_confirmed
        if not is_free and (paid[0] != images or not lowest <= paid[1] <= highest):
            yield scene.broken(
                f"{arrived} of {made} arrived, {account.count} were asked for, it cost "
                f"{account.cost}, held {account.held}; the member pays {paid[0]} / {paid[1]}",
                account.id,
            )


def _made(scene: Scene, job_id: str) -> int:
    return sum(len(scene.fal.made(one)) for one in scene.requests[job_id])


def nobody_waits_for_ever(scene: Scene) -> Findings:
    """Every job ends, and its member knows how."""
    for account in scene.accounts.values():
        if not account.is_ended:
            yield scene.broken(f"still {account.state} after days", account.id)
        elif scene.inbox(account.id).told_s is None and account.reason != "unanswered":
            yield scene.broken(f"the member was never told that it {account.state}", account.id)


def members_are_told_in_time(scene: Scene) -> Findings:
    """An answer comes within hours whatever happens, not counting the time that fal works."""
    world = scene.world
    for press in scene.people.presses:
        account = scene.accounts.get(press.job_id)
        if account is None:
            continue
        told_s = scene.inbox(account.id).told_s
        at_fal_s = sum(one.end_s - one.sent_s for one in scene.requests[account.id])
        away_s = sum(end - start for start, end in world.pauses if end > press.at_s)
        bound_s = _LINE_S + max(_SILENCE_S, at_fal_s) + _FILES_S + _SLACK_S + away_s
        waited_s = (world.now_s if told_s is None else told_s) - press.at_s
        if waited_s > bound_s and account.reason != "unanswered":
            yield scene.broken(f"the member waits {waited_s / 3600:.1f} h", account.id)


def fals_own_error_ends_soon(scene: Scene) -> Findings:
    """An error of fal's own that stays is an end within minutes."""
    if not _is_quiet(scene):
        return
    for account, request in _owned(scene):
        told_s = scene.inbox(account.id).told_s or scene.world.now_s
        if request.causes == {"framework error"} and told_s - request.end_s > _OWN_ERROR_S:
            yield scene.broken(
                f"told {(told_s - request.end_s) / 60:.0f} minutes after fal's error", account.id
            )


def pictures_come_as_they_are(scene: Scene) -> Findings:
    """A late picture does not hold back those that are there."""
    if not _is_quiet(scene):
        return
    harmless = {"media trouble", "broken media", "foreign host", "nameless picture"}
    for account, request in _owned(scene):
        there = [one for one in _to_be_had(scene, request) if not one.trouble]
        told_s = scene.inbox(account.id).told_s or scene.world.now_s
        if there and request.causes <= harmless and told_s - request.end_s > _FIRST_PICTURE_S:
            yield scene.broken(
                f"the first picture came after {told_s - request.end_s:.0f} s", account.id
            )


def _is_quiet(scene: Scene) -> bool:
    """Whether nothing else than single answers went wrong in this history."""
    singles = {
        "framework error",
        "media trouble",
        "broken media",
        "foreign host",
        "nameless picture",
        "result noise",
        "status noise",
        "missing units",
        "zero units",
        "huge units",
        "extra pictures",
        "fewer pictures",
        "billed refusals",
        "failures",
    }
    return scene.world.fired <= singles and not scene.world.pauses


def no_member_bleeds_the_host(scene: Scene) -> Findings:
    """What fal bills without a picture for the member is bounded for each member and day."""
    wasted: dict[tuple[int, int, str], list[float | None]] = {}
    owned = sorted(_owned(scene), key=lambda pair: pair[1].sent_s)
    for account, request in owned:
        if not scene.fal.bill(request) or any(True for _ in _to_be_had(scene, request)):
            continue
        key = (account.server_id, account.member_id, account.day)
        before = wasted.setdefault(key, [])
        known = sum(told_s is not None and told_s + _KNOWN_S < request.sent_s for told_s in before)
        if known >= STRIKES_MAX:
            yield scene.broken(f"sent after {known} jobs for nothing on one day", account.id)
        before.append(scene.inbox(account.id).told_s)


def the_ledger_checks(scene: Scene) -> Findings:
    """The bot's own proof of its books finds nothing."""
    for sentence in reading.at_once(check(reading.Instant(scene.reader))):
        yield scene.broken(sentence)


def moves_are_legal(scene: Scene) -> Findings:
    """Jobs move by the one table of transitions, each from where it stood."""
    legal = {(a.value, e.value): b.value for (a, e), b in TRANSITIONS.items()}
    stands: dict[str, str] = {}
    for job_id, _, before, event, after in reading.steps(scene.reader):
        if before != stands.get(job_id) or (
            before is not None and legal.get((before, event)) != after
        ):
            yield scene.broken(f"from {before} by {event} to {after}", job_id)
        stands[job_id] = after


ALWAYS: tuple[Promise, ...] = (
    every_bill_is_covered,
    one_submit_a_job,
    charge_within_hold,
    no_means_no,
    no_limit_is_overrun,
    diligence.what_is_known_is_not_in_doubt,
    diligence.accepted_means_stored,
    diligence.a_closed_door_is_left_alone,
)
NOW_AND_THEN: tuple[Promise, ...] = (
    members_are_told_in_time,
    fals_own_error_ends_soon,
    pictures_come_as_they_are,
)
AT_THE_END: tuple[Promise, ...] = (
    *ALWAYS,
    *NOW_AND_THEN,
    bill_equals_books,
    every_picture_is_kept,
    one_message_a_job,
    charges_fit_what_arrived,
    nobody_waits_for_ever,
    no_member_bleeds_the_host,
    the_ledger_checks,
    moves_are_legal,
    diligence.nobody_is_told_again,
    diligence.silence_is_waited_out,
)


def first_broken(scene: Scene, promises: Iterable[Promise]) -> BrokenPromise | None:
    """Find the first promise that does not hold."""
    for promise in promises:
        for found in promise(scene):
            found.invariant = promise.__name__.replace("_", " ")
            return found
    return None
