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
    return _text(now_ms, secrets.randbits(_RANDOM_BITS))


def first_id(at_ms: int) -> str:
    """The smallest identifier of an instant: all of earlier ones are smaller."""
    return _text(at_ms, 0)


def last_id(at_ms: int) -> str:
    """The largest identifier of an instant."""
    return _text(at_ms, (1 << _RANDOM_BITS) - 1)


def id_after_all() -> str:
    """What is larger than every identifier, also where a database sorts by a language's rules."""
    return "z" * _LENGTH


def _text(at_ms: int, rest: int) -> str:
    assert 0 <= at_ms < 1 << _TIME_BITS
    number = at_ms << _RANDOM_BITS | rest
    places = range((_LENGTH - 1) * 5, -1, -5)
    return "".join(_ALPHABET[number >> place & 31] for place in places)
