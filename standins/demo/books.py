"""The money of the scene: the ledger's bottom line beside fal's bill, and the outcome of `check`.

It asks the same commands that a host types; it never opens the database itself.
"""

import asyncio
import json
from dataclasses import dataclass

from standins.demo.hall import Hall


@dataclass(frozen=True, slots=True)
class BottomLine:
    """What the ledger adds up to, and what the local fal says.

    Attributes:
        check: What `check` printed.
        is_right: Whether `check` found nothing and fal billed exactly what was settled.
    """

    held_microusd: int
    settled_microusd: int
    billed_microusd: int
    check: str
    is_right: bool

    @property
    def returned_microusd(self) -> int:
        """What was held and not spent."""
        return self.held_microusd - self.settled_microusd

    def lines(self) -> list[str]:
        """The figures with all their digits."""
        return [
            f"held      {_exact(self.held_microusd)}  the most that all jobs could have cost",
            f"settled   {_exact(self.settled_microusd)}  for the pictures that were made",
            f"returned  {_exact(self.returned_microusd)}  held but not spent",
            f"fal's bill{_exact(self.billed_microusd)}  "
            + ("the same, to the last digit" if self.is_right else "NOT the same as settled"),
        ]


async def bottom_line(hall: Hall) -> BottomLine:
    """Add up the ledger and prove it."""
    (code, exported), (check_code, check) = await asyncio.gather(
        hall.bot.command("export", "ledger"), hall.bot.command("check")
    )
    rows: list[dict[str, str | int | None]] = json.loads(exported) if code == 0 else []
    held, settled = (
        sum(int(row["microusd"] or 0) for row in rows if row["kind"] == kind)
        for kind in ("hold", "settle")
    )
    billed = hall.fal.billed_microusd
    return BottomLine(
        held_microusd=held,
        settled_microusd=settled,
        billed_microusd=billed,
        check=check.strip(),
        is_right=code == 0 and check_code == 0 and settled == billed,
    )


def _exact(microusd: int) -> str:
    """All six decimals, so that nothing hides behind rounding."""
    return f"{'$' + f'{microusd // 1_000_000}.{microusd % 1_000_000:06}':>10}"
