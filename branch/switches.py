"""Switches: which transactions the branch does not offer now, read again whenever the configuration file changes."""

import logging
from collections.abc import Mapping

from branch.settings import BadConfig, Settings, load
from protocol.messages import SwitchReason

log = logging.getLogger(__name__)


class Switches:
    """Transaction -> reason, as `[switches]` in branch.toml has it at this moment.

    A file that cannot be used changes nothing: what was switched off stays so, and the log says why.
    """

    def __init__(self, settings: Settings) -> None:
        """Settings that came from no file never change."""
        self._file, self._off = settings.file, settings.switches
        self._seen = self._stamp()

    def __call__(self) -> Mapping[str, SwitchReason]:
        """What is switched off now."""
        stamp = self._stamp()
        if self._file is not None and stamp != self._seen:
            self._seen = stamp
            try:
                self._off = load(self._file).switches
            except BadConfig as why:
                log.warning("the switches stay as they were: %s", why)
            else:
                log.info("switched off: %s", ", ".join(self._off) or "nothing")
        return self._off

    def _stamp(self) -> tuple[int, int] | None:
        """What tells one state of the file from another."""
        try:
            found = self._file.stat() if self._file else None
        except OSError:
            return None
        return (found.st_mtime_ns, found.st_size) if found else None
