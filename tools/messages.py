"""The message catalogues: compile them, and prove that every sentence the program can ask for exists in every language.

    python tools/messages.py compile     write each kiosk.mo beside its kiosk.po
    python tools/messages.py check       print what is missing, unused, empty or uneven, with file and line; exit 1

Keys are collected from the source by `tools/messagekeys.py`. An empty sentence is an error unless its entry carries the
comment `#. empty on purpose`, and is then compiled as an empty sentence. A sentence in another language that also has a
Chinese one in it, as a transfer's notice must (银发〔2019〕85), says `#. chinese on purpose`.
"""

import re
import struct
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any

from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.messagekeys import Use, uses  # noqa: E402  a script finds only its own folder by itself

ROOMS = ("flows", "kiosk", "branch/customers")
EMPTY = "empty on purpose"
CHINESE = "chinese on purpose"
SCRIPTS = {"zh": "[\u3400-\u9fff]", "en": "[A-Za-z]", "ar": "[\u0621-\u064a]"}
"""A letter that every sentence of a language has."""
WRONG = {
    "zh": (r"(?<=[\u3400-\u9fff])[,.!?:;](?!\d)", "Latin punctuation in a Chinese sentence"),
    "en": (r"[\u3000-\u9fff\uff00-\uff60]", "Chinese in an English sentence"),
    "ar": (r"[,;?](?!\d)", "Latin punctuation in an Arabic sentence"),
}
MO_MAGIC = 0x950412DE
"""First word of a compiled catalogue (GNU gettext manual, "The Format of GNU MO Files")."""


@dataclass(frozen=True)
class Entry:
    """One message of one catalogue: `forms` has one sentence, or one for each plural form."""

    where: str
    forms: tuple[str, ...]
    comments: frozenset[str] = frozenset()
    fuzzy: bool = False

    @property
    def places(self) -> frozenset[str]:
        """The `{named}` places in any of its forms."""
        return frozenset(name for form in self.forms for _, name, _, _ in Formatter().parse(form) if name is not None)


Catalogues = dict[str, dict[str, Entry]]


def main(argv: Sequence[str]) -> int:
    """Do what the first argument says; answers the exit status."""
    match list(argv):
        case ["compile"]:
            for path in catalogues(ROOT):
                path.with_suffix(".mo").write_bytes(compiled(path))
            return 0
        case ["check"]:
            return report(ROOT)
        case _:
            print(__doc__, file=sys.stderr)
            return 2


def catalogues(root: Path) -> list[Path]:
    """Every catalogue in the tree."""
    return sorted(root.glob("i18n/*/LC_MESSAGES/kiosk.po"))


def report(root: Path) -> int:
    """Print every problem; answers 1 when there is one."""
    asked = [use for room in ROOMS for use in uses(root / room, root)]
    read = {path.parent.parent.name: entries(path, root) for path in catalogues(root)}
    found = sorted(set(problems(asked, read)))
    for line in found:
        print(line)
    print(f"messages: {len({use.key for use in asked})} keys, {len(read)} languages, {len(found)} problems")
    return 1 if found else 0


def problems(asked: Sequence[Use], read: Catalogues) -> Iterator[str]:
    """One line for each thing that is wrong."""
    keys = {use.key for use in asked}
    for language in sorted(SCRIPTS.keys() - read.keys()):
        yield f"i18n/{language}: no catalogue"
    for language, entries_ in read.items():
        for use in asked:
            if use.key not in entries_:
                yield f"{use.where}: {use.key} is missing in {language}"
            elif use.params is not None and (more := entries_[use.key].places - use.params):
                yield f"{entries_[use.key].where}: {use.key} has {_braced(more)}, which {use.where} does not fill"
        for key, entry in entries_.items():
            if key not in keys:
                yield f"{entry.where}: {key} is not used"
            yield from flaws(key, entry, language)
    yield from uneven(read)


def flaws(key: str, entry: Entry, language: str) -> Iterator[str]:
    """What is wrong with one entry by itself."""
    if entry.fuzzy:
        yield f"{entry.where}: {key} is marked fuzzy"
    for form in entry.forms:
        if not form.strip():
            if EMPTY not in entry.comments:
                yield f"{entry.where}: {key} is empty, and no comment says {EMPTY!r}"
            continue
        bare = re.sub(r"\{\w*\}", "", form)
        if not re.search(SCRIPTS[language], bare) and re.search(r"[^\W\d_]", bare):
            yield f"{entry.where}: {key} has no {language} letter"
        pattern, said = WRONG[language]
        if re.search(pattern, bare) and CHINESE not in entry.comments:
            yield f"{entry.where}: {key}: {said}"


def uneven(read: Catalogues) -> Iterator[str]:
    """Entries whose places differ from those of the first language that has them."""
    first: dict[str, Entry] = {}
    for entries_ in read.values():
        for key, entry in entries_.items():
            other = first.setdefault(key, entry)
            if entry.places != other.places:
                yield f"{entry.where}: {key} has {_braced(entry.places)}, but {other.where} {_braced(other.places)}"


def entries(path: Path, root: Path) -> dict[str, Entry]:
    """Read a catalogue. Raises ValueError when a key stands in it twice, or the plural forms are not the header's."""
    catalogue, found = _read(path), {}
    heads = re.findall(r'^msgid "(.+)"$', path.read_text("utf-8"), re.MULTILINE)
    if twice := {key for key in heads if heads.count(key) > 1}:
        raise ValueError(f"{path}: more than once: {', '.join(sorted(twice))}")
    for message in catalogue:
        if not message.id:
            continue
        key = message.id if isinstance(message.id, str) else message.id[0]
        forms = (message.string,) if isinstance(message.string, str) else tuple(message.string)
        if len(forms) not in (1, catalogue.num_plurals):
            raise ValueError(f"{path}:{message.lineno}: {key} has {len(forms)} forms, not {catalogue.num_plurals}")
        where = f"{path.relative_to(root)}:{message.lineno}"
        found[key] = Entry(where, forms, frozenset(message.auto_comments), message.fuzzy)
    return found


def compiled(path: Path) -> bytes:
    """A catalogue as gettext reads it; unlike msgfmt, sentences that are empty on purpose stay in it."""
    pairs: dict[bytes, bytes] = {}
    for message in _read(path):
        id_ = message.id if isinstance(message.id, str) else "\0".join(message.id)
        string = message.string if isinstance(message.string, str) else "\0".join(message.string)
        if string or EMPTY in message.auto_comments:
            pairs[id_.encode()] = string.encode()
    header = "\n".join(f"{name}: {value}" for name, value in _read(path).mime_headers) + "\n"
    ordered = sorted({**pairs, b"": header.encode()}.items())
    return packed(ordered)


def packed(pairs: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Two tables of lengths and offsets, then the strings, each with a NUL behind it."""
    count, head = len(pairs), 28
    at = head + 16 * count
    tables, strings = [b"", b""], b""
    for side in (0, 1):
        for pair in pairs:
            tables[side] += struct.pack("<2I", len(pair[side]), at + len(strings))
            strings += pair[side] + b"\0"
    return struct.pack("<7I", MO_MAGIC, 0, count, head, head + 8 * count, 0, at) + b"".join(tables) + strings


def _read(path: Path) -> Any:
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name, abort_invalid=True)


def _braced(names: frozenset[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names)) or "no place"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
