"""Everything that a terminal needs around it, on this machine: a branch server and the far ends of its devices.

Both run as programs of their own, as they do in a bank; what they say is kept in `logs/`.
"""

import asyncio
import fcntl
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from drivers.sim.pcscd import LOCK
from kiosk.config import Config, load
from kiosk.enrol import enrol

TERMINAL = "VTM001"
PATIENCE = 40.0
"""Seconds that a part gets to start."""
END = 10.0
"""Seconds that a part gets to stop."""
CAUSE = 1.0
"""Seconds in which a part that ended shows itself as the cause of another failure."""
TAIL = 4096
"""Bytes at the end of a log in which its last line is looked for."""
DEVICES = {
    name: f"sim:{name.replace('_', '-')}"
    for name in ("id_reader", "card_reader", "pin_pad", "printer", "camera", "panel", "headset", "speaker")
}


class PartFailed(Exception):
    """A part did not come up, or ended too soon; says what it said last, and where it says more."""


@dataclass(frozen=True)
class Program:
    """A part that runs, and the file with what it says."""

    name: str
    process: asyncio.subprocess.Process
    log: Path

    def failed(self, what: str) -> PartFailed:
        """The error that names this part, its last words and its log."""
        return PartFailed(f"{self.name} {what}{last_words(self.log)}")

    async def ended(self) -> PartFailed:
        """Return when it has ended, which it should not do by itself."""
        return self.failed(f"ended with code {await self.process.wait()}")


@dataclass(frozen=True)
class Parts:
    """What runs, and how to get at it."""

    folder: Path
    page: str
    """Address of the device bench."""
    config: Config
    bench: "Bench"
    programs: tuple[Program, ...]

    async def broken(self) -> None:
        """Wait until a part ends, which none should do by itself, and raise PartFailed."""
        waiting = [asyncio.ensure_future(program.ended()) for program in self.programs]
        try:
            for ended in asyncio.as_completed(waiting):
                raise await ended
        finally:
            await _cancelled(*waiting)

    async def meanwhile(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something for as long as all parts run. A part that ends is the cause of whatever fails with it."""
        doing, breaking = asyncio.ensure_future(work), asyncio.ensure_future(self.broken())
        try:
            await asyncio.wait((doing, breaking), return_when=asyncio.FIRST_COMPLETED)
            if doing.done() and doing.exception():
                await asyncio.wait((breaking,), timeout=CAUSE)
            await (breaking if breaking.done() else doing)
        finally:
            await _cancelled(doing, breaking)

    @property
    def rendezvous(self) -> str:
        """The file by which drivers find `sim:` devices; the value of the variable KIOSK_SIM."""
        return str(self.folder / "devices/sim.json")

    async def branch(self, *words: str) -> str:
        """Run a command of the branch and answer what it said; raises PartFailed when it failed."""
        return await command(self.folder, *words, "--config", str(self.folder / "branch/branch.toml"))


class Bench:
    """Hands at the simulated devices: the same requests that the bench page sends."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def act(self, device: str, verb: str, choice: str = "") -> dict[str, Any]:
        """Do something at a device, such as `("card-reader", "insert", "li-na-debit")`; answers its view."""
        return await self._post("/act", {"device": device, "verb": verb, "choice": choice})

    async def fault(self, device: str, fault: str = "") -> dict[str, Any]:
        """Put a fault in force, or mend it."""
        return await self._post("/fault", {"device": device, "fault": fault})

    async def clear(self) -> None:
        """Take every card and slip away; a device that is out of order keeps what it has."""
        for device, verb in (("card-reader", "pull"), ("id-reader", "lift"), ("printer", "take")):
            with suppress(ValueError, httpx.HTTPError):
                await self.act(device, verb)

    async def state(self) -> dict[str, Any]:
        """Every device's view by its name."""
        answer = await self._client.get("/state")
        return {device["name"]: device for device in answer.raise_for_status().json()["devices"]}

    async def _post(self, path: str, order: dict[str, str]) -> dict[str, Any]:
        answer = await self._client.post(path, json=order)
        if answer.is_error:
            raise ValueError(f"{path} {order}: {answer.text}")
        found: dict[str, Any] = answer.json()
        return found


@asynccontextmanager
async def running(folder: Path, *, pcscd: bool = True, **sections: Mapping[str, float]) -> AsyncIterator[Parts]:
    """Set up and start branch and devices in an empty folder, and enrol a terminal there. Raises PartFailed.

    `pcscd` False: the caller has a PC/SC daemon already, and the devices bring none of their own. `sections` go into
    the terminal's configuration beside what is needed: `screen={"width": 540, …}`, `patience={"idle": 5}`.
    """
    state = folder / "branch"
    (folder / "logs").mkdir(parents=True)
    await command(folder, "init", "--state", str(state))
    config, port = state / "branch.toml", free_port()
    config.write_text(config.read_text().replace("port = 8443", f"port = {port}"))
    cards, keys = folder / "cards.json", folder / "pad-keys.json"
    await command(folder, "seed", "--cards-out", str(cards), "--config", str(config))
    code = await command(folder, "terminal", "add", TERMINAL, "--tmk-out", str(keys), "--config", str(config))
    sims = ["drivers.sim", "--state", str(folder / "devices"), "--cards", str(cards), "--pad-keys", str(keys)]
    sims += [] if pcscd else ["--no-pcscd"]
    url = f"https://127.0.0.1:{port}"
    async with (
        _program(folder, "branch", "serve", "--config", str(config)) as branch,
        _program(folder, *sims) as devices,
    ):
        page = await _said(devices, "device bench: ")
        await _listening(branch, port)
        file = folder / "terminal.toml"
        file.write_text(toml(folder, url, **sections))
        found = load(file)
        await enrol(found, code.strip(), state / "authority.pem")
        async with httpx.AsyncClient(base_url=page, timeout=10) as client:
            yield Parts(folder, page, found, Bench(client), (branch, devices))


def toml(folder: Path, url: str, **sections: Mapping[str, float]) -> str:
    """The configuration of the terminal, in the words of `kiosk.toml`."""
    whole: dict[str, Mapping[str, Any]] = {
        "terminal": {"id": TERMINAL, "state": str(folder / "terminal")},
        "branch": {"url": url},
        "devices": DEVICES,
        **sections,
    }
    lines = (
        [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in body.items())] for name, body in whole.items()
    )
    return "\n".join("\n".join(one) + "\n" for one in lines)


async def command(folder: Path, *words: str) -> str:
    """Run `branch WORDS…` to its end."""
    path = folder / "logs/branch-commands.log"
    with path.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "branch", *words, stdout=asyncio.subprocess.PIPE, stderr=log, env=_environment()
        )
    program = Program(f"branch {words[0]}", process, path)
    try:
        async with asyncio.timeout(PATIENCE):
            said, _ = await process.communicate()
    except TimeoutError:
        raise program.failed(f"did not end within {PATIENCE:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise await program.ended()
    return said.decode()


@asynccontextmanager
async def _program(folder: Path, *words: str) -> AsyncIterator[Program]:
    """A part in a process group of its own: Ctrl-C at the keyboard is ours, and the parts end after the terminal."""
    path = folder / f"logs/{words[0]}.log"
    with path.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *words, stdout=asyncio.subprocess.PIPE, stderr=log, env=_environment(),
            process_group=0,
        )  # fmt: skip
    try:
        yield Program(words[0], process, path)
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            async with asyncio.timeout(END):
                await process.communicate()
        except TimeoutError:
            process.kill()
            await process.communicate()


async def _said(program: Program, words: str) -> str:
    """The rest of the first line that begins with these words."""
    assert program.process.stdout is not None  # noqa: S101  it was made with a pipe
    try:
        async with asyncio.timeout(PATIENCE):
            async for line in program.process.stdout:
                if line.decode().startswith(words):
                    return line.decode().removeprefix(words).strip()
            raise await program.ended()
    except TimeoutError:
        raise program.failed(f"was not ready after {PATIENCE:g} s") from None


async def _listening(program: Program, port: int) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            while program.process.returncode is None:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.1)
                    continue
                writer.close()
                await writer.wait_closed()
                return
            raise await program.ended()
    except TimeoutError:
        raise program.failed(f"was not ready after {PATIENCE:g} s") from None


def last_words(log: Path) -> str:
    """The last line of a log, and where it stands; to be put after what went wrong."""
    said = log.read_bytes()[-TAIL:].decode(errors="replace").split("\n") if log.exists() else []
    last = next((line.strip() for line in reversed(said) if line.strip()), "")
    return f"; it said: {last} ({log})" if last else f"; it said nothing ({log})"


async def _cancelled(*tasks: "asyncio.Future[Any]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def in_use() -> bool:
    """Does another program hold this machine's PC/SC daemon?"""
    try:
        with LOCK.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # nobody has ever used it, or it is not ours to ask
        return False
    return False


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


def _environment() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("KIVY_", "KIOSK_"))}
