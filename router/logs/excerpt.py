"""What of a log goes to Core: all of it, or its beginning and its end."""

from __future__ import annotations

from pathlib import Path

NOTE = "[software-router]"


def excerpt(path: Path, each: int) -> bytes | None:
    """The first and the last `each` bytes of a file, cut at ends of lines, with a mark between.

    Parameters
    ----------
    path
        The local log.
    each
        Bytes; a file of up to twice as many is whole.

    Returns
    -------
    bytes or None
        None when there is no such file: the job never came so far.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            if size <= 2 * each:
                return file.read()
            first = file.read(each)
            file.seek(size - each)
            last = file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"{NOTE} the log file cannot be read: {error.strerror}\n".encode()
    first = first[: first.rfind(b"\n") + 1] or first
    last = last[last.find(b"\n") + 1 :] or last
    missing = size - len(first) - len(last)
    mark = f"\n{NOTE} {missing} bytes are left out here; the whole log is the router's file {path.name}\n\n"
    return first + mark.encode() + last
