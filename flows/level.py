"""How sure we are who she is, and what may end a visit or a step of it."""

import enum


class Level(enum.IntEnum):
    """How sure we are who she is; each flow states the one it needs."""

    NOBODY = 0
    CLAIMED = 1
    CUSTOMER = 2
    STEPPED_UP = 3


class VisitOver(Exception):
    """The visit ends now, privately."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class OtherWay(Exception):
    """The customer chose an option on a prompt instead of doing what it asks."""

    def __init__(self, option: str) -> None:
        super().__init__(option)
        self.option = option


class NotSent(Exception):
    """An act failed before its first byte left: nothing was asked, nothing moved."""
