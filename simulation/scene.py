"""Everything that a promise can be held against, at one instant."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from bot.services.limits.allowance import HostLimits
from simulation import reading
from simulation.discord import Discord, Inbox
from simulation.fal import Fal, Job
from simulation.people import People
from simulation.reading import Account, Reader
from simulation.wires import mark_of
from simulation.world import BrokenPromise, World

_NOTED_S = 2.9


@dataclass
class Scene:
    """Everything that a promise can be held against, at one instant."""

    world: World
    fal: Fal
    discord: Discord
    people: People
    reader: Reader
    shelf: Path
    limits: HostLimits
    jobs_of_tokens: dict[str, str] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    @cached_property
    def accounts(self) -> dict[str, Account]:
        """What the books say."""
        found = reading.accounts(self.reader)
        for account in found.values():
            if account.token is not None:
                self.jobs_of_tokens[account.token] = account.id
        return found

    @cached_property
    def requests(self) -> dict[str, list[Job]]:
        """The requests at fal of each job of the bot's.

        Of jobs that asked for the same, a search may give one the other's request; they are
        worth the same, so each counts where the books have it.
        """
        by_ticket = {one.request_id: one.id for one in self.accounts.values() if one.request_id}
        found: dict[str, list[Job]] = {one: [] for one in self.accounts}
        for request in self.fal.jobs.values():
            owner = by_ticket.get(request.id, request.job_id)
            taken = self.accounts[owner].request_id
            if taken and taken != request.id and taken in self.fal.jobs:
                other = self.fal.jobs[taken].job_id
                owner = owner if self.accounts[other].request_id else other
            found[owner].append(request)
        return found

    def may_find(self, request: Job) -> bool:
        """Whether the bot can ever learn of a request."""
        weather = self.world.weather
        if weather.can_look or weather.has_admin_key:
            return True
        known_s = request.known_s
        if known_s is None:
            return False
        # A process that dies with the answer in its hands takes it along.
        return not any(known_s <= died_s < known_s + _NOTED_S for died_s in self.world.deaths)

    @cached_property
    def on_shelf(self) -> set[str]:
        """The pictures that lie on the shelf."""
        return {mark_of(file.read_bytes()) for file in sorted(self.shelf.glob("*/*.png"))}

    def causes(self, job_id: str) -> frozenset[str]:
        """What went wrong around a job."""
        found = set(self.world.fired)
        for one in self.requests.get(job_id, []):
            found |= one.causes
        return frozenset(found)

    def broken(self, what: str, job_id: str = "") -> BrokenPromise:
        """Make a finding; its promise's name is added by who asked."""
        return BrokenPromise("", f"job {job_id}: {what}" if job_id else what, self.causes(job_id))

    def inbox(self, job_id: str) -> Inbox:
        """What a job brought its member."""
        return self.discord.inboxes.get(job_id, Inbox())
