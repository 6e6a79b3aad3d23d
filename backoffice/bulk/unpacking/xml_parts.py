"""The parts of a workbook as streams, by a parser that takes no document type and no entity."""

from collections.abc import Iterator
from typing import IO, Any, Generic, TypeVar
from xml.parsers.expat import ParserCreate

from backoffice.bulk.unpacking.refusal import Bounds, Refused

Item = TypeVar("Item")

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
TEXT, SOUND = f"{MAIN}t", f"{MAIN}rPh"
CHUNK = 16_384  # bytes
MOST_DEPTH = 64  # elements within each other; honest parts have 10
LONGEST_NAME = 50  # characters; more are cut, as each element within repeats the names around it
MOST_ELEMENTS = 66_000  # of one name in a part; Excel has at most 65,490 styles


def refuse_declaration(*_declared: object) -> None:
    """Raise Refused: a document type may declare texts that stand for others, without end."""
    raise Refused("declaration")


def new_parser() -> Any:
    """A parser. It finds a declaration itself, behind any comment and in any encoding."""
    parser = ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    for declared in ("StartDoctypeDecl", "EntityDecl", "ExternalEntityRef", "NotationDecl"):
        setattr(parser, f"{declared}Handler", refuse_declaration)
    return parser


def elements(part: IO[bytes], *paths: str) -> dict[str, list[dict[str, str]]]:
    """The attributes of the elements at these paths, such as `sheets/sheet`, below the root.

    Raises Refused for more of them, or deeper ones, than any honest part has.
    """
    found: dict[str, list[dict[str, str]]] = {path: [] for path in paths}
    place: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        """Raises Refused for more, or deeper, elements than any honest part has."""
        if len(place) >= MOST_DEPTH:
            raise Refused("too_deep")
        place.append(name.rpartition("}")[2][:LONGEST_NAME])
        wanted = found.get("/".join(place[1:]))
        if wanted is not None:
            wanted.append(attributes)
            if len(wanted) > MOST_ELEMENTS:
                raise Refused("too_many_elements", most=MOST_ELEMENTS)

    parser = new_parser()
    parser.StartElementHandler, parser.EndElementHandler = start, lambda _name: place.pop()
    while chunk := part.read(CHUNK):
        parser.Parse(chunk)
    parser.Parse(b"", True)
    return found


class PartStream(Generic[Item]):
    """A part of a workbook as a stream of items, parsed without a tree."""

    def __init__(self, part: IO[bytes], bounds: Bounds) -> None:
        self._part, self._bounds = part, bounds
        self._items: list[Item] = []
        self._texts: list[str] = []  # of the item under way
        self._depth = 0  # of elements that hold no value
        self._parser = new_parser()
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end

    def items(self) -> Iterator[Item]:
        """Each item once. Raises Refused for a longer text, tag or item than any honest row."""
        most = self._bounds.max_row_bytes
        since_tag = since_item = 0
        while chunk := self._part.read(CHUNK):
            tag_at = chunk.rfind(b"<")
            since_tag = len(chunk) - tag_at if tag_at >= 0 else since_tag + len(chunk)
            since_item += len(chunk)
            # Ten bytes of XML for each byte of text, at the least, is what tags take.
            if since_tag > most or since_item > 10 * most + 65_536:
                raise Refused("row_of_sheet_too_long", limit=most)
            try:
                self._parser.Parse(chunk)
            finally:  # what stands before a fault is read before it
                items, self._items = self._items, []
                yield from items
            since_item = 0 if items else since_item
        self._parser.Parse(b"", True)  # refuses a part that breaks off

    def _begin(self, root: str, _attributes: dict[str, str]) -> None:
        """The outermost element tells the namespace: there are two, and careless writers."""
        self._parser.StartElementHandler = self._start
        if not root.startswith(MAIN):
            space, separator, _name = root.rpartition("}")
            size = len(space) + len(separator)
            self._parser.StartElementHandler = lambda name, a: self._start(MAIN + name[size:], a)
            self._parser.EndElementHandler = lambda name: self._end(MAIN + name[size:])

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise Refused("too_deep")
        if name == TEXT:
            self._parser.CharacterDataHandler = self._texts.append
        elif name == SOUND:
            self._before_sound = len(self._texts)

    def _end(self, name: str) -> None:
        self._depth -= 1
        if name == TEXT:
            self._parser.CharacterDataHandler = None
        elif name == SOUND:  # how the text is pronounced
            del self._texts[self._before_sound :]

    def _text(self) -> str:
        text = "".join(self._texts)
        self._texts.clear()
        return text
