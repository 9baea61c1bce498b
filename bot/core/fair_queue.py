"""Our own line before fal: round robin over members, first come first served for each member.

Nobody's single request waits behind another's fifty: each member has a queue, and the line takes
one job from each in turn. A member who comes new joins at the end of the round.
"""

from collections import OrderedDict, deque
from collections.abc import Iterator


class Line:
    """The jobs that wait here, by member. Ids are opaque."""

    def __init__(self) -> None:
        self._members: OrderedDict[int, deque[str]] = OrderedDict()
        self._member_of: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._member_of)

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._member_of

    def __iter__(self) -> Iterator[str]:
        return iter(self._member_of)

    def add(self, job_id: str, member_id: int) -> None:
        """Put a job at the end of its member's queue; one that waits already stays."""
        if job_id not in self._member_of:
            self._member_of[job_id] = member_id
            self._members.setdefault(member_id, deque()).append(job_id)

    def add_first(self, job_id: str, member_id: int) -> None:
        """Put a job back before everything else, as one that had its turn in vain."""
        if job_id not in self._member_of:
            self._member_of[job_id] = member_id
            self._members.setdefault(member_id, deque()).appendleft(job_id)
            self._members.move_to_end(member_id, last=False)

    def take(self) -> str | None:
        """Take the next job; its member goes to the end of the round."""
        if not self._members:
            return None
        member_id, jobs = self._members.popitem(last=False)
        job_id = jobs.popleft()
        del self._member_of[job_id]
        if jobs:
            self._members[member_id] = jobs
        return job_id

    def remove(self, job_id: str) -> bool:
        """Take a job out of the line; False where it does not wait here."""
        member_id = self._member_of.pop(job_id, None)
        if member_id is None:
            return False
        jobs = self._members[member_id]
        jobs.remove(job_id)
        if not jobs:
            del self._members[member_id]
        return True

    def ahead_of_new(self, member_id: int) -> int:
        """Count the jobs that would be taken before a new one of this member."""
        rounds = len(self._members.get(member_id, ()))
        ahead, before = rounds, member_id in self._members
        for other, jobs in self._members.items():
            if other == member_id:
                before = False
            else:
                # A member who is new joins at the end of the round, so all others go before.
                turns = rounds + 1 if before or rounds == 0 else rounds
                ahead += min(len(jobs), turns)
        return ahead

    def places(self) -> list[str]:
        """List all jobs in the order in which they are taken if nobody else joins."""
        order: list[str] = []
        waiting = [iter(jobs) for jobs in self._members.values()]
        while waiting:
            still: list[Iterator[str]] = []
            for jobs in waiting:
                job_id = next(jobs, None)
                if job_id is not None:
                    order.append(job_id)
                    still.append(jobs)
            waiting = still
        return order

    def ahead(self, job_id: str) -> int | None:
        """Count the jobs that are taken before this one if nobody else joins."""
        member_id = self._member_of.get(job_id)
        if member_id is None:
            return None
        rounds = self._members[member_id].index(job_id)
        ahead, before = rounds, True
        for other, jobs in self._members.items():
            if other == member_id:
                before = False
            else:
                ahead += min(len(jobs), rounds + 1 if before else rounds)
        return ahead
