"""XFS4IoT (CWA 17852) as values: the JSON envelope, and which text belongs to which command. No sockets here.

A command goes out under a `requestId` of the client's; an acknowledge, any number of events and one completion come
back under it. Unsolicited events carry none. Binary values are base64.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Payload = Mapping[str, Any]
Kind = Literal["command", "acknowledge", "event", "completion", "unsolicited"]
_KINDS: dict[object, Kind] = {
    "command": "command",
    "acknowledge": "acknowledge",
    "event": "event",
    "completion": "completion",
    "unsolicited": "unsolicited",
}


@dataclass(frozen=True)
class Message:
    """One message, either way. It prints no payload: PAN digits pass here."""

    kind: Kind
    name: str
    request: int | None = None
    """Born at the client, above 0; only unsolicited events have none."""
    payload: Payload = field(default_factory=dict, repr=False)
    status: str = ""
    """Of an acknowledge: "" accepted, else invalidMessage, invalidRequestID or tooManyRequests."""
    code: str = ""
    """Of a completion: its completionCode."""
    description: str = field(default="", repr=False)
    timeout: int = 0
    """Of a command: milliseconds, 0 for none."""

    def pack(self) -> str:
        """The message as it travels."""
        header: dict[str, Any] = {"name": self.name, "type": self.kind, "version": "2.0"}
        if self.request is not None:
            header["requestId"] = self.request
        if self.kind == "command":
            header["timeout"] = self.timeout
        if self.kind == "acknowledge":
            header["status"] = self.status or None
        if self.kind == "completion":
            header |= {"completionCode": self.code, "errorDescription": self.description or None}
        return json.dumps({"header": header, "payload": dict(self.payload)}, separators=(",", ":"))


def unpack(text: str) -> Message:
    """Read one message. ValueError, without quoting what came, when it is none."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None
    header, payload = (_member(whole, name) for name in ("header", "payload"))
    kind, name, request = _KINDS.get(text_of(header.get("type"))), header.get("name"), header.get("requestId")
    if kind is None or not isinstance(name, str) or not name:
        raise ValueError("no message type or name")
    if kind != "unsolicited" and (type(request) is not int or request <= 0):
        raise ValueError("no requestId")
    timeout = header.get("timeout")
    return Message(
        kind,
        name,
        None if kind == "unsolicited" else request,
        payload,
        status=text_of(header.get("status")),
        code=text_of(header.get("completionCode", payload.get("completionCode"))),
        description=text_of(header.get("errorDescription", payload.get("errorDescription"))),
        timeout=timeout if type(timeout) is int and timeout > 0 else 0,
    )


def _member(whole: object, name: str) -> dict[str, Any]:
    value = whole.get(name) if isinstance(whole, dict) else None
    if value is None and name == "payload" and isinstance(whole, dict):
        return {}
    if not isinstance(value, dict):
        raise ValueError(f"no {name}")  # noqa: TRY004  an answer of the wrong shape is a wrong value here
    return value


def text_of(value: object) -> str:
    """A string as it is; whatever else came, nothing."""
    return value if isinstance(value, str) else ""


@dataclass(frozen=True)
class Broken:
    """What came is no message, or one that must not come now."""

    why: str


@dataclass(frozen=True)
class Stray:
    """A well-formed message for nobody: late, after its command was given up."""

    name: str


class XfsConversation:
    """The client's half of one connection: which commands are open, and what each text means for them."""

    def __init__(self) -> None:
        self._last = 0
        self._open: dict[int, str] = {}

    def command(self, name: str, payload: Payload, timeout: float) -> tuple[int, str]:
        """A new command and the text to send; `timeout` in seconds, 0 for none."""
        self._last += 1
        self._open[self._last] = name
        text = Message("command", name, self._last, payload, timeout=int(timeout * 1000)).pack()
        return self._last, text

    def feed(self, text: str) -> Message | Broken | Stray:
        """What one text means. Never raises."""
        try:
            message = unpack(text)
        except ValueError as why:
            return Broken(str(why))
        if message.kind == "command":
            return Broken("a service sends no commands")
        if message.request is None:
            return message
        if message.request not in self._open:
            return Stray(message.name)
        if message.kind != "event" and message.name != self._open[message.request]:
            return Broken("an answer to another command")
        if message.kind == "completion" or message.status:
            self.forget(message.request)
        return message

    def waits(self, request: int) -> bool:
        """Is this command still without its completion?"""
        return request in self._open

    def forget(self, request: int) -> None:
        """Whatever still comes for this command is stray."""
        self._open.pop(request, None)
