"""The checker of the catalogues finds what it is there to find."""

from pathlib import Path

import pytest

from tools.messagekeys import uses
from tools.messages import Entry, compiled, entries, problems, report

ROOT = Path(__file__).resolve().parents[2]
HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n"Plural-Forms: {}\\n"\n\n'
PLURALS = {"zh": "nplurals=1; plural=0;", "en": "nplurals=2; plural=(n != 1);"}
SOURCE = """
WHERE = "demo.name"
async def demo(session, page, words, reason):
    problem = ""
    await session.ask(Tell("demo.told", why=f"refused.{reason}", params=(("number", "7"),)))
    await session.ask(EnterNumber("demo.number", problem=problem, where=Where(WHERE, 1, 2)))
    problem = "demo.number.wrong"
    Fact("fact.state", "fact.state.good", message=True), Fact("fact.plain", "6228", number=True)
    Option("a", "demo.a", "demo.a.line", disabled="" if words else "demo.no")
    Option("b", "6228 **** 0018", literal=True)
    words.text("glass.step", step=1, of=2), page.words.text("demo.page")
"""


def keys(tmp_path: Path, source: str) -> dict[str, frozenset[str] | None]:
    room = tmp_path / "flows"
    room.mkdir(exist_ok=True)
    (room / "demo.py").write_text(source)
    return {use.key: use.params for use in uses(room, tmp_path)}


def catalogue(tmp_path: Path, language: str, body: str) -> dict[str, Entry]:
    path = tmp_path / "i18n" / language / "LC_MESSAGES" / "kiosk.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEADER.format(PLURALS[language]) + body, "utf-8")
    return entries(path, tmp_path)


def test_the_catalogues_of_this_tree_have_no_problem(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(ROOT) == 0, capsys.readouterr().out


def test_every_way_to_ask_for_a_sentence_is_seen(tmp_path: Path) -> None:
    found = keys(tmp_path, SOURCE)
    for key in (
        "demo.told", "demo.told.line", "demo.told.next", "refused.funds", "refused.closed", "demo.number",
        "demo.number.wrong", "demo.name", "fact.state", "fact.state.good", "fact.plain", "demo.a", "demo.a.line",
        "demo.no", "glass.step", "demo.page",
    ):  # fmt: skip
        assert key in found
    assert "6228 **** 0018" not in found
    assert "6228" not in found
    assert found["demo.told.line"] == {"number", "reference"}
    assert found["glass.step"] == {"step", "of"}


def test_a_key_made_at_run_time_must_belong_to_a_known_family(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no family 'mystery"):
        keys(tmp_path, 'Tell(f"mystery.{one}")')


def found_in(tmp_path: Path, source: str, **bodies: str) -> str:
    keys(tmp_path, source)
    read = {language: catalogue(tmp_path, language, body) for language, body in bodies.items()}
    return "\n".join(problems(list(uses(tmp_path / "flows", tmp_path)), read))


def test_a_missing_and_an_unused_sentence_are_told_with_their_places(tmp_path: Path) -> None:
    said = found_in(tmp_path, 'words.text("a")', en='msgid "b"\nmsgstr "Bee"\n')
    assert "flows/demo.py:1: a is missing in en" in said
    assert "kiosk.po:6: b is not used" in said


def test_an_empty_sentence_needs_its_comment(tmp_path: Path) -> None:
    assert "a is empty" in found_in(tmp_path, 'words.text("a")', en='msgid "a"\nmsgstr ""\n')
    assert "a is empty" not in found_in(tmp_path, 'words.text("a")', en='#. empty on purpose\nmsgid "a"\nmsgstr ""\n')


def test_places_must_be_the_same_in_all_languages(tmp_path: Path) -> None:
    said = found_in(
        tmp_path,
        'words.text("a", amount=1, limit=2)',
        en='msgid "a"\nmsgstr "Send {amount}"\n',
        zh='msgid "a"\nmsgstr "转出 {limit}"\n',
    )
    assert "a has {limit}, but" in said


def test_a_place_that_the_source_does_not_fill_is_told(tmp_path: Path) -> None:
    said = found_in(tmp_path, 'words.text("a")', en='msgid "a"\nmsgstr "Send {amount}"\n')
    assert "a has {amount}, which flows/demo.py:1 does not fill" in said


@pytest.mark.parametrize(
    ("language", "sentence", "said"),
    [
        ("zh", "请插卡,谢谢", "Latin punctuation"),
        ("en", "Send 转账", "Chinese in an English"),
        ("zh", "Insert", "has no zh letter"),
    ],
)
def test_a_sentence_in_the_wrong_script_is_told(tmp_path: Path, language: str, sentence: str, said: str) -> None:
    assert said in found_in(tmp_path, 'words.text("a")', **{language: f'msgid "a"\nmsgstr "{sentence}"\n'})


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="more than once: a"):
        catalogue(tmp_path, "en", 'msgid "a"\nmsgstr "One"\n\nmsgid "a"\nmsgstr "Two"\n')


def test_an_unfinished_sentence_is_not_compiled(tmp_path: Path) -> None:
    catalogue(tmp_path, "en", 'msgid "a"\nmsgstr ""\n\nmsgid "b"\nmsgstr "Bee"\n')
    made = compiled(tmp_path / "i18n/en/LC_MESSAGES/kiosk.po")
    assert b"Bee" in made
    assert b"\0a\0" not in made
