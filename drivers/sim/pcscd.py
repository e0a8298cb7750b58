"""A PC/SC daemon of our own, with vsmartcard's virtual readers: one per machine, because its socket is one.

Whoever uses the daemon holds a file lock. One that runs already (and has the virtual readers) is used and never
stopped: only what `start` started does `stop` end.
"""

import contextlib
import fcntl
import pathlib
import socket
import subprocess
import tempfile
import threading
from typing import IO

from drivers.api import Offline

DAEMON = "/usr/sbin/pcscd"
SOCKET = pathlib.Path("/run/pcscd/pcscd.comm")
LOCK = pathlib.Path(tempfile.gettempdir()) / "bank-kiosk-pcscd.lock"
VPCD = ("127.0.0.1", 35963)
DEVICE = "pcscd"
READY = 10.0
"""Seconds that the daemon may take until its virtual readers listen."""
TICK = 0.05


class PcscDaemon:
    """Start and stop; both may be called twice. Calls block: make them before an event loop runs, or beside it."""

    def __init__(self, *, patience: float = 120.0) -> None:
        self._patience = patience
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None

    @property
    def ours(self) -> bool:
        """Did we start the daemon that is in use?"""
        return self._process is not None

    def start(self) -> None:
        """Wait for the lock (at most `patience` seconds), then use the running daemon or start one. Raises Offline."""
        self._acquire()
        try:
            if not self._process:
                self._begin()
        except Offline:
            self.stop()
            raise

    def stop(self) -> None:
        """End the daemon if it is ours, and let the next user have the lock."""
        self._end(kill=False)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def kill(self) -> None:
        """The daemon dies at once, without a word; the lock stays ours, and `start` brings up another. Ours only."""
        if self._process is None:
            raise Offline(DEVICE, "the running daemon is not ours to kill")
        self._end(kill=True)

    def _acquire(self) -> None:
        if self._lock is not None:
            return
        try:
            lock = LOCK.open("a")
        except PermissionError:  # another user made it; a lock needs no right to write
            lock = LOCK.open()
        for _ in range(max(1, int(self._patience / TICK))):
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._lock = lock
                return
            threading.Event().wait(TICK)
        lock.close()
        raise Offline(DEVICE, f"another program has held {LOCK} for {self._patience:g} s", "end it, or wait")

    def _begin(self) -> None:
        if answers():
            if not listens():
                raise Offline(DEVICE, "the running pcscd has no virtual readers", "install vsmartcard-vpcd, restart it")
            return
        if listens():
            raise Offline(DEVICE, f"another program listens on port {VPCD[1]}", "end it: the virtual readers need it")
        with contextlib.suppress(OSError):
            SOCKET.unlink()
        try:
            process = self._process = subprocess.Popen(
                [DAEMON, "--foreground"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        except OSError as why:
            raise Offline(DEVICE, f"does not start: {why}", "install pcscd and vsmartcard-vpcd") from why
        for _ in range(int(READY / TICK)):
            if answers() and listens():
                return
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = process.wait(TICK)
                self._process = None
                raise Offline(
                    DEVICE, f"ended at once with code {code}", "run it as root, or in the group of its socket"
                )
        raise Offline(DEVICE, f"has no virtual reader after {READY:g} s", "install vsmartcard-vpcd")

    def _end(self, *, kill: bool) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if not kill:
            process.terminate()
        try:
            process.wait(0 if kill else 5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def answers() -> bool:
    """Does a PC/SC daemon accept clients here?"""
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(1)
        return door.connect_ex(str(SOCKET)) == 0


def listens() -> bool:
    """Do the virtual readers listen? Looks at the kernel's table: a probing connection would count as a card."""
    wanted = f":{VPCD[1]:04X}"
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in pathlib.Path(table).read_text().splitlines()[1:]:
                _, local, _, state = line.split()[:4]
                if local.endswith(wanted) and state == "0A":
                    return True
    return False
