"""No PIN digit reaches the driver's process: looked for in every frame, and in everything that Python holds there.

The far end runs in a child and draws the PIN itself. It names it only after the search material has been taken, so that
the search cannot find itself.
"""

import asyncio
import base64
import gc
import json
import sys
from collections.abc import Iterator

import pytest

from branch.bank.hsm import MemoryKeyStore, Scheme, TestHsm
from drivers.pinpad import DIGITS, XfsPinPad
from drivers.xfs import Channel, dial
from protocol.mask import Pan

NUMBER = Pan("6229991234567890123")
FORMATS = ("iso0", "iso3", "iso4")
CHILD = """
import asyncio, secrets, sys
from drivers.sim.pinpad import PinPadFarEnd

async def main():
    far = PinPadFarEnd(bytes.fromhex(sys.argv[1]), bytes.fromhex(sys.argv[2]))
    print(await far.start(), flush=True)
    pins = []
    for _ in range(int(sys.argv[3])):
        await far.asked(20)
        pins.append(f"{secrets.randbelow(10**12):012d}")
        await far.act("key", pins[-1][0])
        await far.act("key", "backspace")
        await far.act("type", pins[-1])
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    print(*pins, flush=True)
    await far.stop()

asyncio.run(main())
"""


class Tap:
    def __init__(self, channel: Channel, frames: list[str]) -> None:
        self._channel, self._frames = channel, frames

    async def send(self, text: str) -> None:
        self._frames.append(text)
        await self._channel.send(text)

    async def recv(self) -> str:
        text = await self._channel.recv()
        self._frames.append(text)
        return text

    async def close(self) -> None:
        await self._channel.close()


def everything() -> Iterator[bytes]:
    """Every string and byte string that any object of this process refers to."""
    for thing in gc.get_objects():
        for held in gc.get_referents(thing):
            kind = type(held)  # isinstance would ask a weak proxy for a class that is gone
            if issubclass(kind, bytes | bytearray):
                yield bytes(held)
            elif issubclass(kind, str):
                yield held.encode(errors="replace")


def spellings(pin: str) -> list[bytes]:
    """A PIN as somebody might let it slip: plain, backwards, packed, as hex, base64, key names or a JSON list."""
    names = [DIGITS[int(digit)] for digit in pin]
    plain = pin.encode()
    return [
        plain,
        plain[::-1],
        bytes.fromhex(pin),
        plain.hex().encode(),
        *(base64.b64encode(b"x" * shift + plain)[4 if shift else 0 : -4] for shift in range(3)),
        "".join(names).encode(),
        ",".join(names).encode(),
        json.dumps(names).encode(),
        json.dumps([int(digit) for digit in pin]).encode(),
    ]


async def typed_in_a_child(scheme: Scheme) -> tuple[list[str], list[bytes], list[str], list[bool]]:
    """Let a child type a PIN per format; answers frames, search material, the PINs, and what the HSM said."""
    hsm, frames = TestHsm(MemoryKeyStore(), bytes(32), scheme=scheme), list[str]()
    masters = hsm.master_keys("T1")
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, masters.tdes.hex(), masters.aes.hex(), str(len(FORMATS)), stdin=pipe, stdout=pipe
    )
    assert child.stdin is not None
    assert child.stdout is not None
    url = (await child.stdout.readline()).decode().strip()

    async def tapped(where: str) -> Channel:
        return Tap(await dial(where), frames)

    pad = XfsPinPad(url, dial=tapped)
    try:
        for key in hsm.working_keys("T1").keys:
            await pad.import_key(key.name, bytes.fromhex(key.cryptogram), bytes.fromhex(key.kcv), key.wrapping)
        blocks = [await pad.enter_pin(NUMBER, kind, lambda _: None, 20) for kind in FORMATS]
        material = list(everything())
    finally:
        await pad.close()
    child.stdin.write(b"\n")
    pins = (await child.stdout.readline()).decode().split()
    await child.communicate()
    pairs = zip(blocks, pins, strict=True)
    right = [hsm.verify_pin("T1", NUMBER.digits, block, hsm.make_pin_verifier(pin)) for block, pin in pairs]
    return frames, material, pins, right


@pytest.mark.parametrize("scheme", [Scheme(), Scheme(pins="dukpt")], ids=["session", "dukpt"])
def test_no_pin_digit_is_in_any_frame_or_anywhere_in_the_drivers_process(scheme: Scheme) -> None:
    """The PINs were really typed (the HSM opens every block), and nothing here ever held them."""
    frames, material, pins, right = asyncio.run(typed_in_a_child(scheme))
    assert right == [True] * len(FORMATS)
    keys = [json.loads(frame) for frame in frames if '"Keyboard.KeyEvent"' in frame]
    assert len(keys) == len(FORMATS) * (1 + 1 + 12 + 1)
    assert {key["payload"]["digit"] for key in keys} == {None, "backspace", "enter"}
    searched = [*material, *(frame.encode() for frame in frames)]
    found = [spelling for pin in pins for spelling in spellings(pin) if any(spelling in one for one in searched)]
    assert found == []


def test_the_search_would_find_a_pin_that_had_slipped() -> None:
    """Otherwise the test above proves nothing."""
    slipped = {"kept": "".join(str(digit) for digit in (9, 0, 8, 1, 7, 2, 6, 3, 5, 4, 4, 5))}
    assert any(spellings("908172635445")[0] in one for one in everything())
    assert slipped
