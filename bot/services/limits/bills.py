"""What a job costs the host and its member, for any mismatch of asked, made and arrived."""

import logging
from dataclasses import dataclass

from bot.core.charges import charge
from bot.core.jobs import Job, Rendering
from bot.core.limits import Usage
from bot.core.models.prices import Ask
from bot.core.models.registry import model_of

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bill:
    """What a job costs the host.

    Attributes:
        is_computed: fal did not say it, or said what cannot be.
    """

    microusd: int
    is_computed: bool


def bill_of(job: Job, rendering: Rendering) -> Bill:
    """Read fal's bill for pictures; one that looks wrong is raised as an alarm."""
    computed = _likely_microusd(job, rendering.made)
    billed = rendering.billed_microusd
    about = {"job_id": job.id, "held_microusd": job.held_microusd, "computed_microusd": computed}
    if billed == 0:
        # Pictures are not free: the formula counts until fal's bill says otherwise.
        _log.error("alarm: fal bills nothing for pictures that it made", extra=about)
        return Bill(computed, is_computed=True)
    if billed is None:
        return Bill(computed, is_computed=True)
    if billed > job.held_microusd:
        about["cost_microusd"] = billed
        _log.error("alarm: fal bills more than the most that the job can cost", extra=about)
    return Bill(billed, is_computed=False)


def charge_for(job: Job, bill: Bill, arrived: int) -> Usage:
    """What a job's member pays if so many pictures arrive; nothing for late ones."""
    if job.is_rescued:
        return Usage()
    return charge(
        arrived=arrived,
        asked=job.count,
        made=job.made or len(job.links),
        cost_microusd=bill.microusd,
        held_microusd=job.held_microusd,
        one_microusd=_likely_microusd(job, 1),
    )


def _likely_microusd(job: Job, pictures: int) -> int:
    ask = Ask(job.size, job.quality, job.prompt, job.count)
    return model_of(job.model).price.likely_microusd(ask, pictures)


def returned_charge(job: Job, arrived: int) -> Usage:
    """What a settled job gives back to its member if only so many of its pictures arrive."""
    bill = Bill(job.cost_microusd or 0, job.cost_is_computed)
    whole, share = (charge_for(job, bill, count) for count in (len(job.links), arrived))
    return Usage(whole.images - share.images, whole.microusd - share.microusd)
