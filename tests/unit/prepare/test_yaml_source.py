from __future__ import annotations

import pytest

from harness.errors import DrillFileWrong
from harness.prepare.yaml_source import MOST_BYTES, parse_yaml

NODES = b"a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
BOMB = NODES + b"".join(b"%c: &%c [%s]\n" % (98 + n, 98 + n, b", ".join([b"*%c" % (97 + n)] * 10)) for n in range(8))


def wrong(content: bytes) -> str:
    with pytest.raises(DrillFileWrong) as caught:
        parse_yaml(content, "x.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("0755", "0755"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        ("12:30:00", "12:30:00"),
        ("2027-03-31", "2027-03-31"),
        ("1e3", "1e3"),
        (".inf", ".inf"),
        ("'5'", "5"),
        ("!!str 5", "5"),
        ("5", 5),
        ("-5", -5),
        ("1.5", 1.5),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("", None),
    ],
)
def test_plain_words_mean_what_they_say(text: str, value: object) -> None:
    data = parse_yaml(f"key: {text}\n".encode(), "x.yaml").data
    assert isinstance(data, dict)
    assert data["key"] == value
    assert type(data["key"]) is type(value)


def test_every_key_and_value_has_its_place() -> None:
    document = parse_yaml("a:\n  b: [x, ä, {c: 1}]\n".encode(), "x.yaml")
    assert document.key_place(("a", "b")) == (2, 3)
    assert document.value_place(("a", "b", 1)) == (2, 10)
    assert document.key_place(("a", "b", 2, "c")) == (2, 14)
    assert document.value_place(("a", "nowhere", 5)) == (2, 3)


def test_aliases_are_expanded() -> None:
    assert parse_yaml(b"a: &x {b: 1}\nc: *x\n", "x.yaml").data == {"a": {"b": 1}, "c": {"b": 1}}


def test_an_alias_bomb_is_refused() -> None:
    assert "aliases expanded" in wrong(BOMB)


def test_an_anchor_cannot_hold_itself() -> None:
    assert "an alias whose anchor &x is complete before it" in wrong(b"a: &x [*x]\n")


@pytest.mark.parametrize("content", [b"[" * 100_000, b"{" * 100_000, b"- " * 100_000, b"a: " + b"[" * 100])
def test_deep_nesting_is_refused(content: bytes) -> None:
    assert wrong(content)


def test_large_files_are_refused() -> None:
    assert "at most 1 MiB" in wrong(b"#" * (MOST_BYTES + 1))


def test_bytes_that_are_not_utf_8_are_named() -> None:
    assert wrong("a: ä\nb: ä".encode() + b"\xff").startswith("x.yaml:2:5: found byte 0xff")


def test_control_characters_are_named() -> None:
    assert wrong(b"a: 1\nb: \x07").startswith("x.yaml:2:4: found character U+0007")


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    assert parse_yaml(b"\xef\xbb\xbfa: 1\n", "x.yaml").data == {"a": 1}


def test_all_duplicate_keys_are_named() -> None:
    assert wrong(b"a: 1\na: 2\nb: {c: 1, c: 2}\n").count("each key once") == 2
