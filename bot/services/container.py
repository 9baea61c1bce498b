"""Every service, built and connected in one place for all who run them: bot, console, tests.

Building does nothing yet: no connection is used and no task is started. A new service is one line
here, and is then an attribute for whoever holds the container.
"""

from bot.core.models.model import Model
from bot.core.models.registry import DEFAULT
from bot.services.generation.build import Policy, build_generation
from bot.services.generation.moves import Moves
from bot.services.limits.allowance import HostLimits, Quota
from bot.services.limits.blocks import Blocks
from bot.services.limits.gifts import Gifts
from bot.services.limits.words import Words
from bot.services.meters import Meters
from bot.services.moderation.housekeeping import Housekeeping
from bot.services.moderation.job_inquiry import JobInquiry
from bot.services.moderation.limits import Moderation
from bot.services.moderation.log_channel import LogChannel
from bot.services.moderation.member_activity import MemberActivity
from bot.services.moderation.outbox import Outbox
from bot.services.moderation.picture_reports import PictureReports
from bot.services.moderation.pictures import Pictures
from bot.services.moderation.preferences import ServerPreferences
from bot.services.ports import Clock, Ports
from bot.services.reporting.exports import Exports
from bot.services.reporting.losses import Losses
from bot.services.reporting.repairs import Repairs
from bot.services.reporting.usage import UsageReports
from bot.services.supervisor import Supervisor
from bot.storage.database import Database


class DatabaseServices:
    """The services that need neither Discord nor fal; all that the console uses.

    Args:
        database: Where everything is stored.
        clock: The time of day.
        limits: What the host allows; only what reckons with a member's limits looks at it.
        model: The host's.
    """

    def __init__(
        self, database: Database, clock: Clock, limits: HostLimits, model: Model = DEFAULT
    ) -> None:
        self.database = database
        self.clock = clock
        self.quota = Quota(database, clock, limits)
        self.moderation = Moderation(database, clock, limits)
        self.gifts = Gifts(database, clock)
        self.blocks = Blocks(database, clock)
        self.words = Words(database, clock)
        self.preferences = ServerPreferences(database, clock, model)
        self.usage = UsageReports(database, clock, model)
        self.member_activity = MemberActivity(database, clock)
        self.losses = Losses(database, clock)
        self.repairs = Repairs(database, clock)


class Services(DatabaseServices):
    """Everything that stands behind the commands, and what runs in the background.

    Args:
        database: Where everything is stored.
        clock: The time of day.
        policy: What the host decides.
        ports: fal, Discord, and who counts.
    """

    def __init__(self, database: Database, clock: Clock, policy: Policy, ports: Ports) -> None:
        super().__init__(database, clock, policy.limits, policy.defaults.model)
        self.defaults = policy.defaults
        self.meter = Meters(ports.meters)
        moves = Moves(database, clock, self.meter)
        self.generation = build_generation(moves, policy, ports, self.quota, self.words)
        self.imagine = self.generation.imagine
        self.runner = self.generation.runner
        self.outbox = Outbox(database, clock, ports.takedowns, owns=policy.owns)
        self.log_channel = LogChannel(database, clock, ports.log_poster, owns=policy.owns)
        self.job_inquiry = JobInquiry(database, self.runner)
        self.pictures = Pictures(database, clock, self.outbox)
        self.picture_reports = PictureReports(database, clock, self.outbox)
        self.exports = Exports(database, clock, policy.data_dir / "exports")
        self.housekeeping = Housekeeping(database, clock, self.generation.books, self.runner)

    def keep_running(self, supervisor: Supervisor) -> None:
        """Begin the work in the background."""
        supervisor.keep("errands", self.outbox.run)
        supervisor.keep("log channels", self.log_channel.run)
        self.generation.keep_running(supervisor)
