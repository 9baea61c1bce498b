"""What a member may still use: the rules that apply, joined with what is used under them."""

from dataclasses import dataclass, field, replace
from datetime import UTC
from zoneinfo import ZoneInfo

from bot.core.gifts import Gift, with_back
from bot.core.jobs import Job
from bot.core.limits import (
    Account,
    Rule,
    Standing,
    Subject,
    Unit,
    Usage,
    Window,
    applying,
    local_day,
    period,
    runs,
    standings,
)
from bot.core.preferences import Preferences
from bot.services.limits.bills import returned_charge
from bot.services.ports import Balance, Clock
from bot.storage import blocks, gifts, ledger, rules
from bot.storage.blocks import Block
from bot.storage.database import Connection, Database


@dataclass(frozen=True, slots=True)
class HostLimits:
    """The limits in the host's settings; None where the host sets none."""

    default_images_per_day: int
    default_usd_per_month_microusd: int | None = None
    server_usd_per_month_microusd: int | None = None
    bot_usd_per_day_microusd: int | None = None

    def rules(self) -> list[Rule]:
        """The settings as rules; they hold in every server."""
        day, month = Window.DAY, Window.MONTH
        images, usd = Unit.IMAGES, Unit.USD
        everyone, server, bot = Subject.EVERYONE, Subject.SERVER, Subject.BOT
        figures = (
            (everyone, images, day, self.default_images_per_day),
            (everyone, usd, month, self.default_usd_per_month_microusd),
            (server, usd, month, self.server_usd_per_month_microusd),
            (bot, usd, day, self.bot_usd_per_day_microusd),
        )
        return [
            Rule(subject, 0, unit, window, amount, is_host=True)
            for subject, unit, window, amount in figures
            if amount is not None
        ]


@dataclass(frozen=True, slots=True)
class Asker:
    """A member in a channel, with the roles of this moment."""

    server_id: int
    channel_id: int
    member_id: int
    role_ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class Allowance:
    """What applies to a member now.

    Attributes:
        standings: Pots first, then caps.
        gifts: What the member may use beyond the pots, the earliest end first.
        preferences: The server's.
        day: The server's local day, for a hold made now.
        bot_day: The same in UTC, where the bot's own caps run.
        block: What keeps the member from making pictures, where that was asked for.
    """

    standings: list[Standing]
    day: str
    bot_day: str
    gifts: list[Gift] = field(default_factory=list[Gift])
    preferences: Preferences = field(default_factory=Preferences)
    block: Block | None = None

    @property
    def pots(self) -> list[Standing]:
        """The member's own limits, without the caps."""
        return [s for s in self.standings if s.account is Account.MEMBER]


async def load_allowance(
    connection: Connection, asker: Asker, host_rules: list[Rule], now_ms: int
) -> Allowance:
    """Read rules and usage in the caller's transaction."""
    server_rules, preferences = await rules.load(connection, asker.server_id)
    zone = ZoneInfo(preferences.zone)
    member_id, role_ids, channel_id = asker.member_id, asker.role_ids, asker.channel_id
    near = server_rules.near(member_id=member_id, role_ids=role_ids, channel_id=channel_id)
    found = applying(
        [*near, *host_rules], member_id=member_id, role_ids=role_ids, channel_id=channel_id
    )
    current = runs(found, now_ms, zone)
    periods = {(account, run.first_day) for (account, _, _), run in current.items()}
    usage = await ledger.usage(
        connection,
        server_id=asker.server_id,
        member_id=asker.member_id,
        channel_id=asker.channel_id,
        periods=periods,
    )
    return Allowance(
        standings(found, usage, current),
        day=local_day(now_ms, zone),
        bot_day=local_day(now_ms, UTC),
        gifts=await gifts.live(connection, asker.server_id, asker.member_id, now_ms),
        preferences=preferences,
    )


class Quota:
    """Answers what a member has left."""

    def __init__(self, database: Database, clock: Clock, limits: HostLimits) -> None:
        self._database = database
        self._clock = clock
        self._host_rules = limits.rules()

    async def balance(self, job: Job, *, arrived: int | None = None) -> Balance:
        """Read what a job's member has left.

        Args:
            job: Names the member, the channel and the roles.
            arrived: Pictures that are about to be delivered, where that may be fewer than are
                charged by now; None where nothing is about to be returned.
        """
        asker = Asker(job.server_id, job.budget_channel_id, job.member_id, job.role_ids)
        now_ms = self._clock.now_ms()
        async with self._database.read() as connection:
            found = await load_allowance(connection, asker, self._host_rules, now_ms)
            back = Usage() if arrived is None else returned_charge(job, arrived)
            if not back.images and not back.microusd:
                return Balance(found.pots, now_ms, found.gifts)
            drawn = await gifts.drawn_by(connection, job.id)
            given = await gifts.unended(connection, job.server_id, job.member_id, now_ms)
        own: dict[Unit, int] = {}
        for unit in Unit:
            given, own[unit] = with_back(given, drawn, unit, back.of(unit))
        zone = ZoneInfo(found.preferences.zone)
        pots = [_with_back(pot, own[pot.rule.unit], job, zone) for pot in found.pots]
        return Balance(pots, now_ms, [gift for gift in given if gift.left])

    async def of(self, asker: Asker) -> Allowance:
        """Read what applies to a member now, a block too."""
        now_ms = self._clock.now_ms()
        async with self._database.read() as connection:
            found = await load_allowance(connection, asker, self._host_rules, now_ms)
            block = await blocks.live(connection, asker.server_id, asker.member_id, now_ms)
        return replace(found, block=block)


def _with_back(pot: Standing, amount: int, job: Job, zone: ZoneInfo) -> Standing:
    """Show a pot once a part of a job's charge is returned, in the period of the job's hold."""
    if period(pot.rule.window, job.created_at_ms, zone).ends_at_ms != pot.resets_at_ms:
        return pot
    return replace(pot, used=max(0, pot.used - amount))
