"""The XFS4IoT client: what it makes of good, bad and missing answers, and how it finds its way back."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st

from drivers.api import DeviceError, Garbled, Offline, TooLate
from drivers.sim.pinpad import PinPadFarEnd
from drivers.sim.xfs import Call, Publisher, Refuse, no
from drivers.xfs import (
    PATH,
    Broken,
    MemoryChannel,
    Message,
    Payload,
    Stray,
    XfsClient,
    XfsConversation,
    XfsRefused,
    unpack,
)

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
HEADER = st.fixed_dictionaries(
    {},
    optional={
        "name": ANY | st.just("Test.Echo"),
        "requestId": ANY | st.integers(-1, 3),
        "type": ANY | st.sampled_from(["acknowledge", "event", "completion", "unsolicited", "command"]),
        "status": ANY,
        "completionCode": ANY | st.just("success"),
        "timeout": ANY,
        "errorDescription": ANY,
    },
)
FRAME = st.fixed_dictionaries({}, optional={"header": HEADER | ANY, "payload": ANY})


class Echo:
    """A service that does as it is told."""

    path = "Echo"

    def __init__(self) -> None:
        self.cancelled = 0
        self.started = asyncio.Event()

    async def handle(self, call: Call) -> Payload:
        if call.name == "Common.Capabilities":
            return {"interfaces": [{"name": "Common"}, {"name": "Test"}]}
        if call.name == "Test.Echo":
            await call.event("Test.Heard", {"n": 1})
            return call.payload
        if call.name == "Test.Wait":
            self.started.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        raise no("nope") if call.name == "Test.No" else Refuse(str(call.payload.get("code", "invalidCommand")))

    def left(self, client: int) -> None:
        """Nothing belongs to anybody."""


def scene(act: Callable[[XfsClient, Echo, Publisher], Awaitable[None]]) -> None:
    async def run() -> None:
        service = Echo()
        publisher = Publisher(service, "SIM")
        client = XfsClient(publisher.url, "Test", "test", dial=publisher.dial)
        try:
            await act(client, service, publisher)
        finally:
            await client.close()
            await publisher.stop()

    asyncio.run(run())


# --- the conversation as a value


@given(st.text() | FRAME.map(json.dumps))
def test_no_text_whatever_raises_out_of_the_conversation(text: str) -> None:
    """Garbage, wrong types and unknown requestIds all become values."""
    talk = XfsConversation()
    talk.command("Test.Echo", {}, 1)
    assert isinstance(talk.feed(text), Message | Broken | Stray)


@given(
    st.builds(
        Message,
        st.sampled_from(["command", "acknowledge", "event", "completion"]),
        st.text(min_size=1),
        st.integers(1, 10**9),
        st.dictionaries(st.text().filter(lambda name: name not in ("completionCode", "errorDescription")), st.text()),
    )
)
def test_a_packed_message_reads_back_as_itself(message: Message) -> None:
    """For every kind that carries a requestId."""
    assert unpack(message.pack()) == message


def test_deep_nesting_is_broken_and_not_a_crash() -> None:
    """A hostile service cannot exhaust the stack."""
    assert isinstance(XfsConversation().feed("[" * 200_000), Broken)


def test_answers_for_unknown_or_finished_commands_are_stray() -> None:
    """They come late, after the command was given up."""
    talk = XfsConversation()
    request, _ = talk.command("Test.Echo", {}, 1)
    done = Message("completion", "Test.Echo", request, code="success").pack()
    assert isinstance(talk.feed(done), Message)
    assert isinstance(talk.feed(done), Stray)
    assert isinstance(talk.feed(Message("event", "Test.Heard", 99).pack()), Stray)


def test_an_answer_under_another_commands_name_is_broken() -> None:
    """It cannot be told what was done."""
    talk = XfsConversation()
    request, _ = talk.command("Test.Echo", {}, 1)
    assert isinstance(talk.feed(Message("completion", "Test.Other", request, code="success").pack()), Broken)


def test_request_ids_count_up_and_times_are_milliseconds() -> None:
    """CWA 17852: the client's number, above 0, and not in use."""
    talk = XfsConversation()
    headers = [json.loads(talk.command("Test.Echo", {}, 1.5)[1])["header"] for _ in range(3)]
    assert [header["requestId"] for header in headers] == [1, 2, 3]
    assert headers[0] == {"name": "Test.Echo", "type": "command", "version": "2.0", "requestId": 1, "timeout": 1500}


# --- the client


def test_the_publisher_leads_to_the_service_and_events_are_heard() -> None:
    """GetServices, Capabilities, then the command on the service's own connection."""

    async def act(client: XfsClient, service: Echo, publisher: Publisher) -> None:
        heard: list[str] = []
        assert await client.command("Test.Echo", {"a": 1}, hear=lambda name, _: heard.append(name)) == {"a": 1}
        assert heard == ["Test.Heard"]

    scene(act)


def test_a_services_own_address_needs_no_publisher() -> None:
    """Some installations write it into the configuration."""

    async def act(_: XfsClient, service: Echo, publisher: Publisher) -> None:
        client = XfsClient(f"{publisher.url}/Echo", "Test", "test", dial=publisher.dial)
        assert await client.command("Test.Echo", {"b": 2}) == {"b": 2}
        await client.close()

    scene(act)


def test_a_missing_interface_is_offline() -> None:
    """The service may be there, but not the device."""

    async def act(_: XfsClient, service: Echo, publisher: Publisher) -> None:
        with pytest.raises(Offline, match="CardReader"):
            await XfsClient(publisher.url, "CardReader", "test", dial=publisher.dial).command("Test.Echo", {})

    scene(act)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("timeOut", TooLate),
        ("deviceNotReady", Offline),
        ("hardwareError", XfsRefused),
        ("sequenceError", XfsRefused),
        ("", Garbled),
    ],
)
def test_completion_codes_become_device_errors(code: str, error: type[DeviceError]) -> None:
    """Each says who can mend it, and the connection lives on."""

    async def act(client: XfsClient, service: Echo, publisher: Publisher) -> None:
        with pytest.raises(error):
            await client.command("Test.Other", {"code": code})
        assert await client.command("Test.Echo", {}) == {}

    scene(act)


def test_a_commands_own_error_code_is_kept() -> None:
    """Drivers decide by it."""

    async def act(client: XfsClient, service: Echo, publisher: Publisher) -> None:
        with pytest.raises(XfsRefused) as caught:
            await client.command("Test.No", {})
        assert caught.value.code == "nope"

    scene(act)


def test_cancelling_a_call_cancels_it_at_the_device_and_keeps_the_connection() -> None:
    """Common.Cancel goes out, and the cancelled completion is awaited."""

    async def act(client: XfsClient, service: Echo, publisher: Publisher) -> None:
        task = asyncio.create_task(client.command("Test.Wait", {}, 30))
        await service.started.wait()
        link = client._link
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert service.cancelled == 1
        await client.command("Test.Echo", {})
        assert client._link is link

    scene(act)


def test_a_listener_that_raises_ends_the_command_at_the_device_too() -> None:
    """Nothing goes on behind our back."""

    async def act(client: XfsClient, service: Echo, publisher: Publisher) -> None:
        def hear(_name: str, _payload: Payload) -> None:
            raise Garbled("test", "wrong")

        with pytest.raises(Garbled):
            await client.command("Test.Echo", {}, hear=hear)
        assert await client.command("Test.Echo", {"again": True}) == {"again": True}

    scene(act)


def test_commands_run_beside_each_other() -> None:
    """Status can be asked while a person types."""

    async def act(client: XfsClient, service: Echo, publisher: Publisher) -> None:
        waiting = asyncio.create_task(client.command("Test.Wait", {}, 30))
        await service.started.wait()
        answers = await asyncio.gather(*(client.command("Test.Echo", {"n": n}) for n in range(10)))
        assert [answer["n"] for answer in answers] == list(range(10))
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    scene(act)


def test_more_commands_than_the_service_takes_are_refused_one_by_one() -> None:
    """TooManyRequests is an acknowledge status, not a lost connection."""

    async def act(client: XfsClient, service: Echo, publisher: Publisher) -> None:
        waiting = [asyncio.create_task(client.command("Test.Wait", {}, 30)) for _ in range(16)]
        await asyncio.sleep(0.05)
        with pytest.raises(XfsRefused, match="tooManyRequests"):
            await client.command("Test.Echo", {})
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert await client.command("Test.Echo", {}) == {}

    scene(act)


def test_a_lost_connection_is_offline_and_the_next_command_finds_the_service_again() -> None:
    """A command under way is not repeated."""

    async def act(client: XfsClient, service: Echo, publisher: Publisher) -> None:
        waiting = asyncio.create_task(client.command("Test.Wait", {}, 30))
        await service.started.wait()
        await publisher.set_fault("unplugged")
        with pytest.raises(Offline):
            await waiting
        with pytest.raises(Offline):
            await client.command("Test.Echo", {})
        await publisher.set_fault("")
        assert await client.command("Test.Echo", {}) == {}
        assert service.cancelled == 1

    scene(act)


@pytest.mark.parametrize(
    "answer",
    [
        "{",
        "[]",
        '{"header":{}}',
        '{"header":{"type":"completion","name":"ServicePublisher.GetServices","requestId":1}}',
        '{"header":{"type":"acknowledge","name":"ServicePublisher.GetServices","requestId":true}}',
        '{"header":{"type":"acknowledge","name":"Other","requestId":1}}',
    ],
)
def test_nonsense_from_the_service_is_garbled_at_once(answer: str) -> None:
    """Nobody waits for a patience to run out."""

    async def run() -> None:
        near, far = MemoryChannel.pair()

        async def dial(_url: str) -> MemoryChannel:
            return near

        client = XfsClient("ws://x", "Test", "test", dial=dial)
        task = asyncio.create_task(client.command("Test.Echo", {}))
        await far.recv()
        await far.send(answer)
        with pytest.raises(Garbled):
            await task
        await client.close()

    asyncio.run(run())


def test_events_without_end_are_cut_off() -> None:
    """The inbox is bounded: a flood between two turns of the command's own task ends the connection."""

    async def act(client: XfsClient, service: Echo, publisher: Publisher) -> None:
        waiting = asyncio.create_task(client.command("Test.Wait", {}, 30))
        await service.started.wait()
        link = client._link
        assert link is not None
        event = Message("event", "Test.Flood", max(link._inboxes))

        def flood() -> None:
            for _ in range(1000):
                link._deliver(event)

        with pytest.raises(Garbled, match="without end"):
            flood()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    scene(act)


def test_unsolicited_events_reach_their_listener() -> None:
    """They belong to no command."""

    async def run() -> None:
        service = Echo()
        publisher = Publisher(service, "SIM")
        heard: list[Any] = []
        client = XfsClient(
            publisher.url, "Test", "test", dial=publisher.dial, unsolicited=lambda *what: heard.append(what)
        )
        await client.command("Test.Echo", {})
        await publisher.tell("Common.StatusChangedEvent", {"common": {"device": "offline"}})
        await client.command("Test.Echo", {})
        assert heard == [("Common.StatusChangedEvent", {"common": {"device": "offline"}})]
        await client.close()
        await publisher.stop()

    asyncio.run(run())


def test_discovery_finds_the_service_on_a_real_port() -> None:
    """xfs:HOST walks the standard's ports; a far end took the first free one of them."""

    async def run() -> None:
        far = PinPadFarEnd(bytes(range(16)), bytes(range(16)))
        url = await far.start()
        client = XfsClient("xfs:127.0.0.1", "PinPad", "pin-pad")
        answer = await client.command("Common.Status", {})
        assert url.endswith(PATH)
        assert answer["common"] == {"device": "online"}
        await client.close()
        await far.stop()
        await far.stop()

    asyncio.run(run())


def test_nobody_at_the_address_is_offline() -> None:
    """With a remedy for the engineer."""

    async def run() -> None:
        far = PinPadFarEnd(bytes(range(16)), bytes(range(16)))
        url = await far.start()
        await far.stop()
        with pytest.raises(Offline, match="service runs"):
            await XfsClient(url, "PinPad", "pin-pad").command("Common.Status", {})

    asyncio.run(run())
