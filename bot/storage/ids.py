"""Identifiers that the application makes, so that a row can be named before it is written.

16 characters of Crockford's base 32 in lower case: 48 bits of milliseconds, then 32 random bits.
They sort by the time they were made. They are no secrets: nothing may depend on their being hard
to guess.
"""

import secrets

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_TIME_BITS = 48
_RANDOM_BITS = 32
_LENGTH = (_TIME_BITS + _RANDOM_BITS) // 5


def new_id(now_ms: int) -> str:
    """Make an identifier.

    Args:
        now_ms: Milliseconds since 1970.
    """
    assert 0 <= now_ms < 1 << _TIME_BITS
    number = now_ms << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
    places = range((_LENGTH - 1) * 5, -1, -5)
    return "".join(_ALPHABET[number >> place & 31] for place in places)
