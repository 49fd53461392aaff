"""Private keys stay out of what lasts."""

import json
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from router.masking import (
    MASK,
    StreamMask,
    conceal,
    conceal_bytes,
    flag_value,
    has_secrets,
    mask_text,
    readable,
    readable_bytes,
    restore,
    secrets_of,
)

KEY = "0b1c2d3e-1111-2222-3333-444455556666"
PUBLIC = "ffffffff-1111-2222-3333-444455556666"
OTHER = "abcdefab-1111-2222-3333-444455556666"
COMMAND = ("x", "--cytomine_public_key", PUBLIC, "--cytomine_private_key", KEY, "--model", f"m-{OTHER}.npz")
words = st.lists(st.text(max_size=8) | st.uuids().map(str) | st.just("--privateKey"), max_size=12)


def test_flags_in_every_spelling():
    for flag in ("--cytomine_private_key", "--privateKey", "--private_key", "-private-key"):
        assert flag_value(("a", flag, KEY), "privatekey") == KEY
        assert flag_value((f"{flag}={KEY}",), "privatekey") == KEY
    assert flag_value(("--privateKey",), "privatekey") is None


def test_what_is_stored_holds_no_key_and_keeps_the_public_one():
    stored = conceal(COMMAND)
    assert KEY not in str(stored)
    assert OTHER not in str(stored)
    assert PUBLIC in stored
    assert has_secrets(stored)
    assert readable(stored)[4] == MASK


def test_a_key_that_is_no_uuid_is_known_by_its_flag():
    assert "hunter2" not in str(conceal(("--privateKey", "hunter2", "key=hunter2")))


def test_restoring_needs_the_right_values():
    assert restore(conceal(COMMAND), [KEY, OTHER]) == COMMAND
    assert has_secrets(restore(conceal(COMMAND), [KEY]))


@given(words)
def test_concealed_and_restored_is_the_same(command):
    stored = conceal(command)
    found = [str(word) for word in command]
    private = flag_value(command, "privatekey")
    assert restore(stored, [*found, private or ""]) == tuple(command)


@given(st.uuids(), st.integers(0, 3))
def test_no_private_key_survives_wherever_it_stands(key: UUID, place):
    command = ["a", "b", "c", "d"]
    command[place] = f"<{key}>"
    assert str(key) not in str(conceal(command))


def test_a_dead_letter_holds_no_key():
    body = b'{"command":["--privateKey","hunter2","--x","' + KEY.encode() + b'"]}'
    kept = conceal_bytes(body)
    assert b"hunter2" not in kept
    assert KEY.encode() not in kept
    assert readable_bytes(kept) == b'{"command":["--privateKey","********","--x","********"]}'


def test_the_command_of_a_dead_letter_gets_its_keys_back():
    body = json.dumps({"command": list(COMMAND)}).encode()
    stored = conceal(json.loads(conceal_bytes(body))["command"])
    assert KEY not in str(stored)
    assert restore(stored, [KEY, PUBLIC, OTHER]) == COMMAND


def test_own_log_lines_hold_no_key():
    assert mask_text(f"a {KEY} b") == f"a {MASK} b"


def test_secrets_of_a_command():
    assert secrets_of(COMMAND) == (KEY,)
    assert secrets_of(("x", KEY)) == (KEY,)
    assert secrets_of(("x", "--publicKey", PUBLIC)) == ()


@given(st.lists(st.sampled_from([b"0b1c", b"2d3e-11", b"secret", b"sec", b"ret", b"\n", b"x", b"\xff"]), max_size=30))
def test_a_masked_stream_does_not_depend_on_how_it_is_cut(pieces):
    secrets = ("secret", "0b1c2d3e-11")
    whole, cut = StreamMask(secrets), StreamMask(secrets)
    expected = whole.feed(b"".join(pieces)) + whole.flush()
    found = b"".join(cut.feed(piece) for piece in pieces) + cut.flush()
    assert found == expected
    assert b"secret" not in found


def test_a_whole_line_is_never_held_back():
    mask = StreamMask((KEY,))
    assert mask.feed(b"hello 0b1c\n") == b"hello 0b1c\n"
    assert mask.empty
