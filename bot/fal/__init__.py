"""fal: the paid queue that makes the pictures. The only room that imports httpx.

`FalQueue` implements `bot.services.ports.ImageQueue`. No exception of httpx leaves this room, no
key is ever shown, logged or sent to a host that is not the configured one.
"""

from bot.fal.calls import FalSettings, Pace
from bot.fal.queue import FalQueue

__all__ = ["FalQueue", "FalSettings", "Pace"]
