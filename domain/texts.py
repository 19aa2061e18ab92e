"""Bytes of a text file to text: UTF-8, what a byte order mark or zero bytes say, or a named one."""

from __future__ import annotations

import codecs

from domain.errors import InvalidInput

UTF_8 = "utf-8"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class NotUTF8(InvalidInput):
    """Text that is not UTF-8 where no other encoding is named. `start`: the first wrong byte."""

    def __init__(self, start: int) -> None:
        super().__init__(f"not UTF-8 at byte {start + 1}")
        self.start = start


def decoded(data: bytes, encoding: str | None = None) -> tuple[str, str]:
    """The text of `data` and the encoding it was in: what its mark or its zero bytes say, else
    UTF-8, else `encoding`.

    Raises:
        NotUTF8: it is none of these, and no encoding is named.
        InvalidInput: it is not what it says it is, nor in the encoding that is named.
    """
    said = _said(data)
    if said:
        try:
            return data.decode(said), said
        except UnicodeError as error:
            raise InvalidInput(f"begins as {said} and is none further on; save it again") from error
    try:
        return data.decode(UTF_8), UTF_8
    except UnicodeDecodeError as error:
        if not encoding:
            raise NotUTF8(error.start) from error
        return _named(data, encoding), encoding


def _said(data: bytes) -> str:
    """The encoding that the first bytes say; empty: none.

    Text of a table or of JSON begins with characters whose upper byte is zero in UTF-16.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    zeros = [byte == 0 for byte in data[:4]]
    if zeros == [False, True, False, True]:
        return "utf-16-le"
    if zeros == [True, False, True, False]:
        return "utf-16-be"
    return ""


def _named(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeError as error:
        raise InvalidInput(f"neither UTF-8 nor {encoding}; name its encoding") from error
    except (LookupError, ValueError) as error:
        raise InvalidInput(
            f"there is no text encoding named {encoding!r}; name one such as cp1252 or gbk"
        ) from error
