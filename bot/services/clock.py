"""The system's clock, for everything that is not a test."""

import time


class SystemClock:
    """Implements the clock port with the time of day of this machine."""

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return time.time_ns() // 1_000_000
