"""The texts that the cells of a workbook share, which in a large table are its largest part."""

from typing import IO
from xml.parsers.expat import ParserCreate

CHUNK = 65_536
# How a workbook writes an underscore that could be taken for the beginning of a character's code.
UNDERSCORE = "x005F_"


class SharedTexts:
    """The texts by their number, read as far as they are asked for: a header needs the first few.

    Much faster than the library, and without a tree.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._strings: list[str] = []
        self._parts: list[str] = []
        self._spoken = 0  # depth of what only says how a text is pronounced
        self._text = self._item = self._sound = ""
        self._parser = ParserCreate(namespace_separator="}")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end

    def __getitem__(self, number: int) -> str:
        """One text. Raises IndexError where there is none, ExpatError for XML that is none."""
        while number >= len(self._strings):
            chunk = self._stream.read(CHUNK)
            if not chunk:
                break
            self._parser.Parse(chunk)
        if number < 0:
            raise IndexError(number)
        return self._strings[number]

    def _begin(self, name: str, _attributes: dict[str, str]) -> None:
        """The outermost element tells the namespace: there are two dialects."""
        space, sign, _name = name.rpartition("}")
        self._text, self._item, self._sound = (f"{space}{sign}{tag}" for tag in ("t", "si", "rPh"))
        self._parser.StartElementHandler = self._start

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        if name == self._text:
            if not self._spoken:
                self._parser.CharacterDataHandler = self._parts.append
        elif name == self._sound:
            self._spoken += 1

    def _end(self, name: str) -> None:
        if name == self._text:
            self._parser.CharacterDataHandler = None
        elif name == self._item:
            self._strings.append("".join(self._parts).replace(UNDERSCORE, ""))
            self._parts.clear()
        elif name == self._sound:
            self._spoken -= 1
