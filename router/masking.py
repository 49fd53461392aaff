"""Keep private keys out of everything that lasts: the store, logs, labels, metrics, answers.

A private key reaches the router inside `command`. What is stored is the command with a digest in the key's place,
`{secret:SHA256}`; the key itself is asked from Core again when the container is made (`restore`). Keys of every
Grails Core are UUIDs, so any other UUID on a command line is treated as if it were a key: a descriptor may hand keys
over under a name nobody foresaw. A digest of 122 random bits gives nothing away.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

MASK = "********"
_UUID_LENGTH = 36
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_UUID_BYTES = re.compile(_UUID.pattern.encode())
_SECRET = re.compile(r"\{secret:([0-9a-f]{64})\}")
_SECRET_BYTES = re.compile(_SECRET.pattern.encode())
# In a body that may not even be JSON: the name of a private key, then its value as the next string.
_NAMED_BYTES = re.compile(rb'(private_?key(?:"\s*[:,]\s*"|=|\s+))([^"\s,\]}]+)', re.IGNORECASE)


@lru_cache(maxsize=2048)
def _plain(flag: str) -> str:
    """A flag as Core compares names: `--cytomine_private_key` and `--privateKey` become `privatekey`."""
    return re.sub(r"[^a-z]", "", flag.lower()).removeprefix("cytomine")


def flag_value(command: Sequence[str], *names: str) -> str | None:
    """The value of the first flag with one of these names (`--flag value` or `--flag=value`).

    Parameters
    ----------
    command
        An argument list.
    names
        Names without dashes, underscores and the prefix `cytomine`: `privatekey`, `idproject`.
    """
    for position, token in enumerate(command):
        if not token.startswith("-"):
            continue
        flag, equals, value = token.partition("=")
        if _plain(flag) in names:
            if equals:
                return value
            return command[position + 1] if position + 1 < len(command) else None
    return None


def is_key(text: str) -> bool:
    """Whether a text looks like a key of a Grails Core."""
    return _UUID.fullmatch(text) is not None


def secrets_of(command: Sequence[str]) -> tuple[str, ...]:
    """What of a command with its keys no log may hold: the private key, or every UUID where no flag names it."""
    private = flag_value(command, "privatekey")
    if private:
        return (private,)
    public = flag_value(command, "publickey")
    return tuple(sorted({found for token in command for found in _UUID.findall(token)} - {public}))


def digest(secret: str) -> str:
    """What stands in a stored command in the place of `secret`."""
    return f"{{secret:{hashlib.sha256(secret.encode(errors='surrogateescape')).hexdigest()}}}"


def conceal(command: Sequence[str], public: str | None = None) -> tuple[str, ...]:
    """The command as it may be stored: private keys, and UUIDs that may be private keys, as digests.

    Parameters
    ----------
    command
        As it came.
    public
        The public key, where no flag says so; it stays.
    """
    private = flag_value(command, "privatekey")
    if private and _SECRET.fullmatch(private):  # a dead letter that is replayed
        private = None
    public = public or flag_value(command, "publickey")

    def hide(found: re.Match[str]) -> str:
        return found.group() if found.group() == public else digest(found.group())

    concealed = []
    for token in command:
        text = token.replace(private, digest(private)) if private and private not in {public, ""} else token
        concealed.append(_UUID.sub(hide, text) if len(text) >= _UUID_LENGTH else text)
    return tuple(concealed)


def restore(command: Sequence[str], known: Iterable[str]) -> tuple[str, ...]:
    """The command with every digest replaced by the one of `known` it was made from; others stay."""
    values = {digest(value): value for value in known if value}

    def show(found: re.Match[str]) -> str:
        return values.get(found.group(), found.group())

    return tuple(_SECRET.sub(show, token) for token in command)


def has_secrets(command: Sequence[str]) -> bool:
    """Whether digests are left in the command."""
    return any(_SECRET.search(token) for token in command)


def readable(command: Sequence[str]) -> tuple[str, ...]:
    """A stored command for people: asterisks for digests."""
    return tuple(_SECRET.sub(MASK, token) for token in command)


def conceal_bytes(body: bytes) -> bytes:
    """A message body as a dead letter may keep it: UUIDs and values named private key as digests."""

    def hide(secret: bytes) -> bytes:
        return digest(secret.decode(errors="surrogateescape")).encode()

    named = _NAMED_BYTES.sub(lambda found: found.group(1) + hide(found.group(2)), body)
    return _UUID_BYTES.sub(lambda found: hide(found.group()), named)


def readable_bytes(body: bytes) -> bytes:
    """A stored body for people: asterisks for digests."""
    return _SECRET_BYTES.sub(MASK.encode(), body)


def mask_text(text: str) -> str:
    """A line of our own log: UUIDs as asterisks."""
    return _UUID.sub(MASK, text)


class StreamMask:
    """Replaces secrets in a stream of bytes, wherever its pieces are cut.

    The output depends on the bytes alone, never on how they were cut into pieces: logs are resumed by position.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted({secret.encode() for secret in secrets if secret}, key=len, reverse=True)
        self._pattern = re.compile(b"|".join(map(re.escape, self._secrets))) if self._secrets else None
        self._held = b""

    @property
    def empty(self) -> bool:
        """Whether nothing is held back."""
        return not self._held

    def feed(self, data: bytes) -> bytes:
        """The bytes that can be shown now; the beginning of a possible secret is held back."""
        if self._pattern is None:
            return data
        text = self._held + data
        if any(secret in text for secret in self._secrets):
            text = self._pattern.sub(MASK.encode(), text)
        held = max((_overlap(text, secret) for secret in self._secrets), default=0)
        self._held = text[len(text) - held :]
        return text[: len(text) - held]

    def flush(self) -> bytes:
        """What was held back; the stream is over."""
        held, self._held = self._held, b""
        return held


def _overlap(text: bytes, secret: bytes) -> int:
    """Length of the longest end of `text` that begins `secret` and is not all of it."""
    place = text.find(secret[:1], max(0, len(text) - len(secret) + 1))
    while place >= 0:
        if secret.startswith(text[place:]):
            return len(text) - place
        place = text.find(secret[:1], place + 1)
    return 0
