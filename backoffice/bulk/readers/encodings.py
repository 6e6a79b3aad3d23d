"""The encoding of a text: by its mark or by name, and whether it may be that of Western Windows."""

import codecs
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import gettext as _

from backoffice.bulk.values.faults import FileRefused

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
WINDOWS = "cp1252"
CHUNK = 1 << 20  # bytes
# A letter of UTF-8 beyond ASCII; also half a pair of UTF-16 written so, which is none (RFC 3629).
OF_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
# Half of a letter of UTF-8; as letters of Windows-1252 hardly any text ends with them.
BEGUN_AT_THE_END = re.compile(rb"(?:[\xc2\xc3]|\xe2[\x80-\xbf])\Z")
UNDEFINED = re.compile(rb"[\x81\x8d\x8f\x90\x9d\0]")  # in Windows-1252
WORD = re.compile(r"[^\W\d_]+")
# Signs of Windows-1252 that no text has alone, that none has behind a letter, and that some have
# between two letters.
ALONE = frozenset("ˆ˜¨¯¸")
BEFORE_WORDS = frozenset("‚„¿¡")
BETWEEN_LETTERS = frozenset("’‘´·ªº°–—…®\xa0\xad")
RARE_LETTERS = frozenset("ÿƒ")
MOST_OF_WORDS = 0.5  # the share of letters beyond ASCII in the words that have any
LEAST_USUAL = 0.95  # the share of signs beyond ASCII that stand as they do in Western texts


def replace_undecodable(error: UnicodeError) -> tuple[str, int]:
    """A codec error handler: each byte that does not decode becomes a lone surrogate."""
    assert isinstance(error, UnicodeDecodeError)
    # Python's own "surrogateescape" does this for UTF-8 only.
    damaged = error.object[error.start : error.end] or b"\xff"
    return "".join(chr(0xDC00 + byte) for byte in damaged), error.end


codecs.register_error("keep-undecodable", replace_undecodable)


def encoding_of(path: Path, named: str = "") -> str:
    """The named encoding, else by the byte order mark, else UTF-8. Raises FileRefused."""
    with path.open("rb") as stream:
        start = stream.read(4)
    for mark, encoding in BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return encoding
    try:
        codec = codecs.lookup(named or "utf-8")
        "a".encode(codec.name)
        # Some codecs, such as idna, cannot pass over a byte that does not decode.
        b"a\xff".decode(codec.name, "keep-undecodable")
    except (LookupError, UnicodeError):
        raise FileRefused(
            "unknown_encoding",
            _("The encoding “%(name)s” is not known. Write for example cp1252 or iso-8859-1.")
            % {"name": named},
        ) from None
    return codec.name


def is_windows_text(path: Path) -> bool:
    """Whether a text without a mark is none in UTF-8, and reads plausibly as Windows-1252.

    Of a text in ASCII or UTF-8 that costs next to nothing: the first letter beyond ASCII decides.
    """
    signs = unusual = letters = of_letters = 0
    for chunk in _beyond_ascii(path):
        if OF_UTF8.search(chunk) or UNDEFINED.search(chunk):
            return False
        text = chunk.decode(WINDOWS)
        signs += sum(sign > "\x7f" for sign in text)
        unusual += _unusual(text)
        for word in WORD.findall(text):
            if len(word) > 1 and not word.isascii():  # “à” and “é” are words
                letters += len(word)
                of_letters += sum(sign > "\x7f" for sign in word)
    is_western = of_letters <= MOST_OF_WORDS * letters
    return bool(signs) and is_western and signs - unusual >= LEAST_USUAL * signs


def _beyond_ascii(path: Path) -> Iterator[bytes]:
    """The parts of a file that hold more than ASCII; each ends with a line."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            # The rest of the line: no letter is cut.
            chunk += stream.readline(CHUNK)
            if stream.tell() == size:  # a file may end in the midst of a letter of UTF-8
                chunk = BEGUN_AT_THE_END.sub(b"", chunk)
            if not chunk.isascii():
                yield chunk


def _unusual(text: str) -> int:
    """How many signs beyond ASCII stand where Western texts have none."""
    padded = f" {text} "
    beyond = (at for at, sign in enumerate(padded) if sign > "\x7f")
    return sum(_is_unusual(padded[at - 1], padded[at], padded[at + 1]) for at in beyond)


def _is_unusual(before: str, sign: str, behind: str) -> bool:
    if sign in RARE_LETTERS:
        return True
    if unicodedata.category(sign) in ("Lu", "Ll"):
        # A capital within a word: “JŸrgen”.
        return sign.isupper() and before.isalpha() and (before.islower() or behind.islower())
    if before.isalpha() and (behind.isalpha() or sign in BEFORE_WORDS):
        return sign not in BETWEEN_LETTERS
    return sign in ALONE
