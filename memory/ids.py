"""Ids that sort by the time they were made: 48 bits of milliseconds and 32 random bits in base32."""

import secrets
import time

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's, in lower case: no i, l, o, u
NUM_CHARS = 16


def new_id(prefix: str) -> str:
    """A new id such as `ep-06a2k3...`; text order is time order to the millisecond."""
    number = (time.time_ns() // 1_000_000) << 32 | secrets.randbits(32)
    return f"{prefix}-" + "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(NUM_CHARS)))
