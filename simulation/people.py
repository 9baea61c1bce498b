"""Members and moderators: what they ask, press and change, and what they were told."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from bot.core.errors import BotError, Refused
from bot.core.jobs import Job, Request
from bot.core.limits import Rule, Subject, Unit, Window
from bot.core.models.gpt_image_2 import Quality
from bot.core.models.options import Format, Size
from bot.services.limits.allowance import HostLimits
from bot.services.moderation.preferences import By
from simulation.house import House
from simulation.town import Town
from simulation.world import World

SERVERS = (1 << 22, 2 << 22)
MODERATOR = 900
_SIZES = (Size(1024, 768), Size(1024, 1024), Size(1536, 1024), Size(3840, 2160))
_ZONES = ("Europe/Berlin", "Asia/Tokyo", "America/Los_Angeles", "Pacific/Kiritimati", "UTC")
_ANSWER_LOST_ODDS = 0.03


@dataclass
class Press:
    """One `/imagine`.

    Attributes:
        answer: `accepted`, `refused` (with a reason), `failed` ("try again"), or empty where
            Discord says that the bot did not answer.
    """

    number: int
    request: Request
    at_s: float
    answer: str = ""
    job_id: str = ""


@dataclass
class People:
    """Everybody who uses the bot in a history."""

    world: World
    town: Town
    presses: list[Press] = field(default_factory=list)

    async def live(self) -> None:
        """Do all that the seed has them do."""
        world = self.world
        acts = [self._at(at_s, self._ask(request)) for at_s, request in self._requests()]
        if world.weather.has("gifts"):
            acts += self._some(2, self._give)
        if world.weather.has("living on gifts"):
            acts.append(self._at(0.2, self._in_house(self._give_all)))
        if world.weather.has("moderators"):
            acts += self._some(3, self._lower_limit)
        if world.weather.has("zone change"):
            acts += self._some(3, self._move_zone)
        await asyncio.gather(*acts)

    def _requests(self) -> list[tuple[float, Request]]:
        dice = self.world.dice
        is_insistent = self.world.weather.has("insistent member")
        count = dice.randrange(9, 13) if is_insistent else dice.choice((1, 2, 3, 3, 4, 5, 7))
        found: list[tuple[float, Request]] = []
        at_s = 1.0
        for number in range(count):
            at_s += dice.choice((0.0, 0.2, 2.0, 15.0, 60.0) if not is_insistent else (60.0,))
            if dice.random() < 0.04:
                at_s += dice.choice((3600.0, 15_000.0))
            found.append((at_s, self._request(dice, number, is_insistent)))
            if self.world.weather.has("twins"):
                twin = replace(found[-1][1], interaction_token=f"press-{number}-twin")
                found.append((at_s, twin))
        return found

    def _request(self, dice: random.Random, number: int, is_insistent: bool) -> Request:
        server_id = SERVERS[dice.random() < 0.3] if not is_insistent else SERVERS[0]
        member_id = 30 + (dice.randrange(3) if not is_insistent else 0)
        count = dice.choice((1, 1, 2, 4)) if not is_insistent else 1
        return Request(
            server_id=server_id,
            channel_id=server_id + dice.choice((20, 21)),
            member_id=member_id,
            role_ids=frozenset({5}) if dice.random() < 0.3 else frozenset(),
            prompt=dice.choice(("a lighthouse", f"a lighthouse no. {number}")),
            size=_SIZES[0] if is_insistent else dice.choice(_SIZES),
            quality=dice.choice(tuple(Quality)) if not is_insistent else Quality.MEDIUM,
            count=count,
            format=dice.choice(tuple(Format)),
            private=dice.random() < 0.2,
            interaction_token=f"press-{number}",
            file_limit_bytes=10_000_000,
        )

    def _some(self, count: int, act: Callable[[House], Awaitable[None]]) -> list[Awaitable[None]]:
        dice = self.world.dice
        return [self._at(dice.uniform(0.0, 150.0), self._in_house(act)) for _ in range(count)]

    async def _at(self, at_s: float, act: Awaitable[None]) -> None:
        await asyncio.sleep(at_s)
        await act

    async def _in_house(self, act: Callable[[House], Awaitable[None]]) -> None:
        house = self.town.house
        if house is not None:
            house.process.spawn(_quietly(act(house)))

    # Members

    async def _ask(self, request: Request) -> None:
        press = Press(len(self.presses), request, self.world.now_s)
        self.presses.append(press)
        house = self.town.house
        if house is None:
            return
        house.process.spawn(self._imagine(house, press))
        if self.world.weather.has("cancels") and self.world.chance(0.7):
            span_s = self.world.dice.choice((0.0, 0.5, 3.0, 15.0, 40.0))
            await asyncio.sleep(self.world.dice.uniform(0.0, 1.0) + span_s)
            self._cancel(press)

    async def _imagine(self, house: House, press: Press) -> None:
        """What the command does; see `bot.chat.imagine.command`."""
        world = self.world
        try:
            accepted = await house.services.imagine.accept(press.request)
        except Refused as error:
            press.answer = "refused"
            world.tell(f"press {press.number}: refused: {type(error).__name__}")
            return
        except Exception as error:  # noqa: BLE001 - the member reads that it failed, whatever it was
            press.answer = "failed"
            world.tell(f"press {press.number}: try again ({type(error).__name__})")
            return
        job = accepted.job
        press.answer, press.job_id = "accepted", job.id
        world.tell(f"press {press.number}: job {job.id}, {job.count} pictures, {job.held_microusd}")
        await world.cross(0.3)
        await self._show_card(house, press, job)

    async def _show_card(self, house: House, press: Press, job: Job) -> None:
        world = self.world
        if not world.is_calm and world.chance(_ANSWER_LOST_ODDS):
            press.answer = "failed"
            world.tell(f"press {press.number}: interaction gone")
            await house.services.imagine.withdraw(job)
            return
        message_id = None if world.chance(_ANSWER_LOST_ODDS) else 5000 + press.number
        await house.services.imagine.start(job, message_id)

    def _cancel(self, press: Press) -> None:
        house = self.town.house
        if house is None or not press.job_id:
            return
        is_moderator = self.world.chance(0.2)
        by = MODERATOR if is_moderator else press.request.member_id
        for _ in range(2 if self.world.chance(0.3) else 1):
            cancelling = house.services.runner.cancel(press.job_id, by, is_moderator=is_moderator)
            self.world.tell(f"cancel of job {press.job_id}")
            house.process.spawn(_quietly(cancelling))

    # Moderators

    async def _give(self, house: House) -> None:
        dice = self.world.dice
        unit, amount = dice.choice(((Unit.IMAGES, 3), (Unit.USD, 300_000)))
        until_ms = self.world.now_ms + self.world.wall_offset_ms + dice.choice((60_000, 10**9))
        await house.services.gifts.give(
            SERVERS[0],
            30 + dice.randrange(3),
            unit,
            amount,
            until_ms,
            actor_id=MODERATOR,
            reason="",
        )

    async def _give_all(self, house: House) -> None:
        """Give every member enough for all that they will ask for, in pieces."""
        until_ms = self.world.now_ms + self.world.wall_offset_ms + 10**9
        for server_id in SERVERS:
            for member_id in (30, 31, 32):
                for amount in (3, 40):
                    await house.services.gifts.give(
                        server_id,
                        member_id,
                        Unit.IMAGES,
                        amount,
                        until_ms,
                        actor_id=MODERATOR,
                        reason="",
                    )

    async def _lower_limit(self, house: House) -> None:
        dice = self.world.dice
        rule = dice.choice(
            (
                Rule(Subject.EVERYONE, 0, Unit.IMAGES, Window.DAY, dice.choice((1, 4))),
                Rule(Subject.MEMBER, 30, Unit.USD, Window.MONTH, dice.choice((100_000, 900_000))),
                Rule(Subject.CHANNEL, SERVERS[0] + 20, Unit.USD, Window.DAY, 300_000),
                Rule(Subject.SERVER, 0, Unit.IMAGES, Window.WEEK, dice.choice((3, 20))),
                Rule(Subject.ROLE, 5, Unit.IMAGES, Window.DAY, 3),
            )
        )
        await house.services.moderation.set_limit(SERVERS[0], rule, actor_id=MODERATOR, reason="")

    async def _move_zone(self, house: House) -> None:
        zone = self.world.dice.choice(_ZONES)
        self.world.fired.add("zone change")
        self.world.tell(f"the server moves to {zone}")
        await house.services.preferences.set_zone(SERVERS[0], zone, By(MODERATOR))


async def _quietly(act: Awaitable[object]) -> None:
    """A person is told of an error; the history does not end with it."""
    try:
        await act
    except BotError:
        return


def host_limits(world: World) -> HostLimits:
    """What the host has set."""
    dice = world.dice
    if world.weather.has("living on gifts"):
        return HostLimits(default_images_per_day=1)
    if world.weather.has("tight caps"):
        return HostLimits(
            default_images_per_day=dice.choice((2, 5, 20)),
            default_usd_per_month_microusd=dice.choice((None, 500_000)),
            server_usd_per_month_microusd=dice.choice((None, 250_000)),
            bot_usd_per_day_microusd=dice.choice((None, 200_000, 500_000)),
        )
    return HostLimits(
        default_images_per_day=dice.choice((5, 30)),
        bot_usd_per_day_microusd=dice.choice((None, None, 3_000_000)),
    )
