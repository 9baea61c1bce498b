"""Signs as RFC 8032 says (Ed25519), so that the stand-in needs no library for its webhooks.

Slow, and not proof against who can measure its times: for made-up keys on loopback only.
"""

import hashlib

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)

Point = tuple[int, int, int, int]
"""A point of the curve as X, Y, Z, T, with x = X/Z, y = Y/Z and x * y = T/Z."""


def _with_y(y: int) -> Point:
    """The point with a given y and an even x."""
    squared = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(squared, (_P + 3) // 8, _P)
    if (x * x - squared) % _P:
        x = x * _ROOT % _P
    x = x if x % 2 == 0 else _P - x
    return x, y, 1, x * y % _P


_BASE = _with_y(4 * pow(5, -1, _P) % _P)


def _added(one: Point, other: Point) -> Point:
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = other
    a, b = (y1 - x1) * (y2 - x2) % _P, (y1 + x1) * (y2 + x2) % _P
    c, d = 2 * _D * t1 * t2 % _P, 2 * z1 * z2 % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(number: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = _added(total, point)
        point, number = _added(point, point), number >> 1
    return total


def _packed(point: Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, -1, _P)
    return (y * inverse % _P | (x * inverse % _P & 1) << 255).to_bytes(32, "little")


def _number(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def _expanded(secret: bytes) -> tuple[int, bytes]:
    """The secret number of a key, and what makes its signatures differ."""
    digest = hashlib.sha512(secret).digest()
    number = int.from_bytes(digest[:32], "little")
    return number & (1 << 254) - 8 | 1 << 254, digest[32:]


def public_key(secret: bytes) -> bytes:
    """The public key of a secret of 32 bytes."""
    return _packed(_times(_expanded(secret)[0], _BASE))


def sign(secret: bytes, message: bytes) -> bytes:
    """Sign a message: 64 bytes."""
    number, prefix = _expanded(secret)
    once = _number(prefix, message) % _ORDER
    point = _packed(_times(once, _BASE))
    challenge = _number(point, public_key(secret), message)
    return point + ((once + challenge * number) % _ORDER).to_bytes(32, "little")
