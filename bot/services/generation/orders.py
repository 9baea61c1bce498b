"""What fal is asked for, from a job."""

from bot.core.jobs import Job
from bot.services.ports import Order


def order_of(job: Job) -> Order:
    """Make the order of a job."""
    return Order(
        job_id=job.id,
        prompt=job.prompt,
        size=job.size,
        quality=job.quality,
        count=job.count,
        format=job.format,
        model=job.model,
        inputs=job.inputs,
    )
