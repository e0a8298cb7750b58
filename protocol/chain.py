"""A hash chain over records: one altered, missing or moved record shows."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

START = "0" * 64


def canonical(record: Mapping[str, Any]) -> bytes:
    """The one spelling of a record that is hashed and authenticated: sorted keys, no blanks, UTF-8."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def link(previous: str, record: Mapping[str, Any]) -> str:
    """The hash (hex, SHA-256) of a record that follows the one whose hash is `previous`."""
    return hashlib.sha256(previous.encode() + canonical(record)).hexdigest()


def first_break(records: Iterable[tuple[Mapping[str, Any], str]], start: str = START) -> int | None:
    """Position of the first record whose hash does not follow; None when the chain holds."""
    previous = start
    for at, (record, claimed) in enumerate(records):
        if link(previous, record) != claimed:
            return at
        previous = claimed
    return None
