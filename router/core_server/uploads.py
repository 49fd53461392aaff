"""Uploaded files: streamed to disk, bounded, removed when anything goes wrong."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO

from anyio import to_thread
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from router.core_server import ids
from router.core_server.context import Received, Settings
from router.core_server.errors import TooLarge, WrongArgument

#: Text parts beside the file, all together.
MAX_FORM = 2**20
#: Free space that an upload must leave on the disk.
KEEP_FREE = 512 * 2**20


def base_name(name: str) -> str:
    """Return the last part of a file name that may be a path of any system."""
    base = PureWindowsPath(PurePosixPath(name.replace("\x00", "")).name).name.strip()
    return base if base not in {"", ".", ".."} else "file"


class _Parts:
    """Takes the parser's events: the first part with a file name goes to disk, texts into the form."""

    def __init__(self, target: BinaryIO, bound: int) -> None:
        self.name: str | None = None
        self.form: dict[str, str] = {}
        self.size = 0
        self._target = target
        self._bound = bound
        self._header: dict[str, bytes] = {}
        self._field = b""
        self._value = b""
        self._text = bytearray()
        self._texts = 0
        self.is_file = False
        self._part = ""

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self.begin,
            "on_header_field": self.header_field,
            "on_header_value": self.header_value,
            "on_header_end": self.header_end,
            "on_headers_finished": self.headers_finished,
            "on_part_data": self.data,
            "on_part_end": self.end,
        }

    def begin(self) -> None:
        self._header, self._text, self.is_file, self._part = {}, bytearray(), False, ""

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        self._header[self._field.decode("latin-1").lower()] = self._value
        self._field = self._value = b""

    def headers_finished(self) -> None:
        _, options = parse_options_header(self._header.get("content-disposition", b""))
        self._part = options.get(b"name", b"").decode("utf-8", "replace")
        filename = options.get(b"filename")
        if filename is not None:
            if self.name is not None:
                raise WrongArgument("one file a request: the body holds several")
            self.name, self.is_file = filename.decode("utf-8", "replace"), True

    def data(self, data: bytes, start: int, end: int) -> None:
        count = end - start
        if self.is_file:
            self.size += count
            if self.size > self._bound:
                msg = f"the file has more than {self._bound} bytes"
                raise TooLarge(msg)
            self._target.write(data[start:end])
            return
        self._texts += count
        if self._texts > MAX_FORM:
            msg = f"the text parts have more than {MAX_FORM} bytes"
            raise TooLarge(msg)
        self._text += data[start:end]

    def end(self) -> None:
        if not self.is_file:
            self.form[self._part] = self._text.decode("utf-8", "replace")


def _check_room(request: Request, settings: Settings) -> None:
    length = request.headers.get("content-length", "0")
    size = int(length) if length.isdigit() else 0
    if size > settings.max_upload + MAX_FORM:
        msg = f"the file has {size} bytes, at most {settings.max_upload} are taken"
        raise TooLarge(msg)
    free = shutil.disk_usage(settings.data).free
    if size > free - KEEP_FREE:
        msg = f"the file has {size} bytes, only {free} are free on the server's disk"
        raise TooLarge(msg)


async def receive(request: Request, settings: Settings) -> Received:
    """Store the body's file (multipart part or raw body) in the folder of incoming files.

    Raises
    ------
    WrongArgument
        When there is no file or the body is broken.
    TooLarge
        When it is larger than its bound or the disk.
    """
    _check_room(request, settings)
    path = settings.incoming / ids.token()
    try:
        with path.open("xb") as target:
            return await _store(request, settings, path, target)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


async def _store(request: Request, settings: Settings, path: Path, target: BinaryIO) -> Received:
    content_type, options = parse_options_header(request.headers.get("content-type", ""))
    parts = _Parts(target, settings.max_upload)
    if content_type != b"multipart/form-data":
        parts.name, parts.is_file = "", True
        async for chunk in request.stream():
            await to_thread.run_sync(parts.data, chunk, 0, len(chunk))
        if not parts.size:
            raise WrongArgument("the body holds no file: send a multipart part named files[]")
        return Received("", path, parts.size, {})
    try:
        parser = MultipartParser(options[b"boundary"], parts.callbacks())  # type: ignore[arg-type]
        async for chunk in request.stream():
            await to_thread.run_sync(parser.write, chunk)
        parser.finalize()
    except (KeyError, MultipartParseError) as error:
        msg = f"the multipart body is broken: {error}"
        raise WrongArgument(msg) from error
    if parts.name is None:
        raise WrongArgument("the body holds no file: send a multipart part named files[]")
    return Received(parts.name, path, parts.size, parts.form)
