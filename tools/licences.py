"""Write the tables of docs/licences.md: every Python package of the lock and every Debian package of tools/debian.sh.

    python tools/licences.py           write them anew
    python tools/licences.py check     exit 1 when the page is not what would be written

A Python package's licence is the one that its installed metadata names, in the metadata's own words. A Debian
package's is the main one of its copyright file, as DEBIAN states it here.
"""

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE, LOCK, SETUP = ROOT / "docs/licences.md", ROOT / "requirements/lock.txt", ROOT / "tools/debian.sh"
DIRECT = "-r requirements/in.txt"
UNUSED = "**nothing imports it yet**; "
LICENCE = "License :: "

PURPOSE: Mapping[str, str] = {
    "aiortc": UNUSED + "for the video call of kiosk.media",
    "av": "kiosk.demo writes the film of the visit; see the trap below",
    "babel": "kiosk: money, dates and plurals; tools/messages.py",
    "cryptography": "TLS certificates, HSM and PIN pad arithmetic: branch, kiosk enrol, drivers.sim",
    "dlib-bin": UNUSED + "for kiosk.vision",
    "face-recognition": UNUSED + "for kiosk.vision",
    "fastapi": "branch: the HTTP API",
    "fonttools": "tools/fonts.py; the printer driver asks a font which letters it has",
    "httpx": "kiosk: calls on the branch; branch: calls on a core's adapter",
    "atheris": "`make fuzz` only",
    "hypothesis": "tests only",
    "import-linter": "`make check` only",
    "fpdf2": "branch: statements as PDF",
    "kivy": "kiosk: the glass",
    "mypy": "`make check` only",
    "numpy": "drivers.sim: the camera's film; OpenCV needs it everywhere",
    "opencv-python": "kiosk.media and `kiosk device camera`: the camera",
    "pillow": "kiosk and drivers: text and pictures",
    "playwright": "tests only: drives Chromium against the device bench page",
    "psec": "PIN blocks: the branch's test HSM, drivers.sim",
    "psycopg": "branch, when its database is PostgreSQL",
    "pypdf": "tests only: reads those PDFs",
    "pyemv": "cryptograms: the branch's test issuer, the cards of drivers.sim",
    "pyscard": "kiosk: PC/SC, the bank-card reader",
    "pyserial": "kiosk: serial ports",
    "pytesseract": UNUSED + "for kiosk.vision",
    "pytest": "tests only",
    "pytest-timeout": "tests only",
    "ruff": "`make check` only",
    "sdnotify": "kiosk and branch: tell systemd that they live",
    "segno": "kiosk: QR codes on the glass; drivers.sim: on simulated paper and before the simulated camera",
    "setuptools": "builds what has no wheel; face_recognition_models needs its pkg_resources",
    "sqlalchemy": "branch: the database",
    "types-pyserial": "`make check` only",
    "uharfbuzz": "branch: joins the Arabic letters of those PDFs",
    "uvicorn": "branch and the device bench page: the web server",
    "websockets": "kiosk: the link to the branch, XFS4IoT; branch: the link",
    "zxing-cpp": "drivers.barcode: QR codes in the camera's pictures",
}
"""What the packages named in requirements/in.txt are for."""


@dataclass(frozen=True)
class Debian:
    """The main licence of a Debian package, and what it is for."""

    licence: str
    purpose: str


DEBIAN: Mapping[str, Debian] = {
    "make": Debian("GPL-3+", "set-up"),
    "gcc": Debian("GPL-2+ (wrappers; the compiler is GPL-3+ with the runtime exception)", "set-up: builds pyscard"),
    "libc6-dev": Debian("LGPL-2.1+", "set-up: builds pyscard"),
    "python3-dev": Debian("PSF-2.0", "set-up: builds pyscard"),
    "python3-venv": Debian("PSF-2.0", "set-up"),
    "swig": Debian("GPL-3+ (what it generates is not under it)", "set-up: builds pyscard"),
    "libpcsclite-dev": Debian("BSD-3-clause", "set-up: builds pyscard"),
    "pcscd": Debian("BSD-3-clause", "the PC/SC service: a process of its own, spoken to over its socket"),
    "vsmartcard-vpcd": Debian("GPL-2+", "virtual readers inside pcscd, for far ends only: not on a real terminal"),
    "libgl1": Debian("Apache-2.0, MIT and others (libglvnd)", "kiosk: Kivy"),
    "libegl1": Debian("Apache-2.0, MIT and others (libglvnd)", "kiosk: Kivy"),
    "libgles2": Debian("Apache-2.0, MIT and others (libglvnd)", "kiosk: Kivy"),
    "libgl1-mesa-dri": Debian("MIT", "kiosk: the graphics driver"),
    "libmtdev1": Debian("Expat", "kiosk: touch screens"),
    "libfribidi0": Debian("LGPL-2.1+", "kiosk: Arabic"),
    "fonts-noto-cjk": Debian("SIL-1.1", "a font, see Fonts"),
    "fonts-noto-core": Debian("OFL-1.1", "a font, see Fonts; the printer driver draws with it"),
    "fonts-droid-fallback": Debian("Apache-2", "a font, see Fonts"),
    "tesseract-ocr": Debian("Apache-2.0", UNUSED.replace("imports", "runs") + "for kiosk.vision"),
    "tesseract-ocr-chi-sim": Debian("Apache-2.0", UNUSED.replace("imports", "reads") + "for kiosk.vision"),
    "espeak-ng": Debian("GPL-3+", "the voice of the speaking mode, a process of its own"),
    "alsa-utils": Debian("GPL-2", "`aplay`, a process of its own"),
    "xvfb": Debian("MIT (X.Org)", "tests only"),
    "chromium": Debian("BSD-3-clause", "tests only: the device bench page"),
    "postgresql": Debian("GPL-2+ (packaging; the server is under the PostgreSQL licence)", "tests; a fleet's branch"),
    "coturn": Debian("BSD-COTURN-CITRIX", UNUSED.replace("imports", "runs") + "for the video call"),
    "xdotool": Debian("BSD-3-clause", "tests: a hand on the demonstration's window"),
    "systemd": Debian("LGPL-2.1+", "tests of the units; the service manager of a real machine"),
}


class Stale(Exception):
    """The environment is not the one of the lock."""


@dataclass(frozen=True)
class Locked:
    """A package of the lock, and who asked for it."""

    name: str
    version: str
    via: tuple[str, ...]

    @property
    def direct(self) -> bool:
        """Do we name it ourselves?"""
        return DIRECT in self.via


def locked(text: str) -> list[Locked]:
    """The packages of a lock, in its order."""
    found: list[Locked] = []
    for line in text.splitlines():
        if match := re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)", line):
            found.append(Locked(match[1], match[2], ()))
        elif found and (match := re.match(r"    #(?: via)? +(\S.*)", line)) and match[1] != "via":
            found[-1] = Locked(found[-1].name, found[-1].version, (*found[-1].via, match[1].strip()))
    return found


def licence(package: Locked) -> str:
    """What the installed metadata says. Stale when another version is installed, or none."""
    try:
        about = metadata.metadata(package.name)
    except metadata.PackageNotFoundError as why:
        raise Stale(f"{package.name} is not installed: run make setup") from why
    if about["Version"] != package.version:
        raise Stale(f"{package.name} {about['Version']} is installed, the lock has {package.version}: run make setup")
    said = about.get_all("License-Expression") or [
        text.splitlines()[0] for text in about.get_all("License") or [] if text
    ]
    names = [one.rpartition(" :: ")[2] for one in about.get_all("Classifier") or [] if one.startswith(LICENCE)]
    return "; ".join(said or names) or "not stated"


def python_table(packages: Sequence[Locked]) -> str:
    """Every Python package, those we ask for ourselves in bold."""
    rows = ["| package | version | licence, as its metadata says | what for |", "|---|---|---|---|"]
    for one in packages:
        purpose = PURPOSE[one.name] if one.direct else "via " + ", ".join(one.via)
        rows.append(f"| {f'**{one.name}**' if one.direct else one.name} | {one.version} | {licence(one)} | {purpose} |")
    return "\n".join(rows)


def debian_packages() -> list[str]:
    """The names in tools/debian.sh, as the shell reads them."""
    lists = SETUP.read_text("utf-8").partition("\nwanted=")[0] + "\necho $kiosk $tests\n"
    done = subprocess.run(["bash", "-c", lists], check=True, text=True, stdout=subprocess.PIPE)
    return done.stdout.split()


def debian_table(packages: Sequence[str]) -> str:
    """Every Debian package, in the order in which it is installed."""
    rows = ["| package | main licence | what for |", "|---|---|---|"]
    rows += [f"| {name} | {DEBIAN[name].licence} | {DEBIAN[name].purpose} |" for name in packages]
    return "\n".join(rows)


def written(page: str, name: str, table: str) -> str:
    """The page with one table put between its two markers."""
    start, end = f"<!-- {name}: tools/licences.py writes this -->", f"<!-- end of {name} -->"
    before, found, rest = page.partition(start)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise Stale(f"{PAGE.name} has no place for the table {name}: put back its two markers")
    return f"{before}{start}\n{table}\n{end}{after}"


def fresh() -> str:
    """The page as it should be."""
    page = PAGE.read_text("utf-8")
    page = written(page, "python", python_table(locked(LOCK.read_text("utf-8"))))
    return written(page, "debian", debian_table(debian_packages()))


def main(argv: Sequence[str]) -> int:
    """Answers the exit code: 0 written or as it should be, 1 it is not."""
    try:
        page = fresh()
    except (Stale, KeyError) as why:
        print(f"tools/licences.py: {why}", file=sys.stderr)
        return 1
    if "check" not in argv:
        PAGE.write_text(page, "utf-8")
    elif page != PAGE.read_text("utf-8"):
        print("docs/licences.md is not up to date: run python tools/licences.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
