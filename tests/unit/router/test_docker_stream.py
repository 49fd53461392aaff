"""Frames of a Docker log, cut anywhere: every byte once, in order, resumable at every frame."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.engines.docker_stream import frames, unchunked


class Blocks:
    """What urllib3 gives of an answer, cut as told."""

    chunked = False

    def __init__(self, data, sizes):
        self._data, self._sizes = data, iter(sizes)

    def read1(self, _):
        size = next(self._sizes, len(self._data))
        block, self._data = self._data[:size], self._data[size:]
        return block


def frame(second, data):
    text = f"2026-11-22T11:30:{second:02}.441261000Z ".encode() + data
    return b"\x01\0\0\0" + len(text).to_bytes(4) + text


frame_lists = st.lists(st.tuples(st.integers(0, 1), st.binary(max_size=30)), max_size=20)


@given(frame_lists, st.lists(st.integers(1, 60), max_size=40), st.integers(0, 25))
def test_every_byte_once(wanted, sizes, skip):
    second, whole, expected = 10, b"", []
    for step, data in wanted:
        second += step
        whole += frame(second, data)
        expected.append((second, data))
    found = list(frames(SimpleNamespace(raw=Blocks(whole, sizes)), skip))
    rest = expected[skip:]
    assert b"".join(chunk.data for chunk in found) == b"".join(data for _, data in rest)
    assert sum(chunk.count for chunk in found) == len(rest)
    place = 0
    for chunk in found:
        together, place = rest[place : place + chunk.count], place + chunk.count
        assert {at for at, _ in together} == {rest[place - 1][0]}
        assert chunk.data == b"".join(data for _, data in together)


def test_what_arrived_together_is_one_chunk():
    whole = b"".join(frame(10, b"%d\n" % n) for n in range(100)) + frame(11, b"later\n")
    found = list(frames(SimpleNamespace(raw=Blocks(whole, []))))
    assert [(chunk.count, chunk.data[-6:]) for chunk in found] == [(100, b"98\n99\n"), (1, b"later\n")]
    assert found[1].second - found[0].second == 1


def chunked(pieces):
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=20), st.lists(st.integers(1, 60), max_size=60))
def test_chunks_cut_anywhere(pieces, sizes):
    found = list(unchunked(Blocks(chunked(pieces), sizes)))
    assert b"".join(found) == b"".join(pieces)
    assert b"" not in found


def test_chunks_that_arrived_together_come_together():
    assert list(unchunked(Blocks(chunked([b"one\n", b"two\n"]), []))) == [b"one\ntwo\n"]


@pytest.mark.parametrize("stream", [b"4\r\none", b"", b"no size\r\n", b"-4\r\nx", b"4\r\none\n\r\n"])
def test_a_stream_that_breaks_off_is_no_end(stream):
    with pytest.raises(ConnectionError):
        list(unchunked(Blocks(stream, [])))
