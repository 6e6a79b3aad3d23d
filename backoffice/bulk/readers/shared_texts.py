"""The texts that the cells of a workbook share, which in a large table are its largest part."""

from typing import IO
from xml.parsers.expat import ParserCreate

# How a workbook writes an underscore that could be taken for the beginning of a character's code.
UNDERSCORE = "x005F_"


class SharedTexts:
    """Takes a part of shared texts apart: much faster than the library, and without a tree."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._parts: list[str] = []
        self._spoken = 0  # depth of what only says how a text is pronounced
        self._text = self._item = self._sound = ""
        self._parser = ParserCreate(namespace_separator="}")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end

    @classmethod
    def of(cls, stream: IO[bytes]) -> list[str]:
        """The texts in their order. Raises ExpatError for XML that is none."""
        texts = cls()
        texts._parser.ParseFile(stream)
        return texts.found

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
            self.found.append("".join(self._parts).replace(UNDERSCORE, ""))
            self._parts.clear()
        elif name == self._sound:
            self._spoken -= 1
