"""Which rows of a file are headers of a kind, and which could be rows below one.

A header stands in the first row, or below a title: `readers/header_search.py` looks for it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from backoffice.bulk.formats.base import Cells, SourceTable
from backoffice.bulk.kinds.header_names import IGNORED, has_meaning, known_name
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.values.cells import Clean, cleaner_for
from backoffice.bulk.values.faults import CellRefused

Recognise = Callable[[Sequence[str]], type[SourceTable] | None]
LEAST_CELLS = 2  # of a row with something to store: its key alone says nothing


@dataclass(frozen=True)
class HeaderOfKind:
    """A header of one kind: of our columns, of the school's own, or of the formats recognised."""

    kind: str
    recognise: Recognise
    is_native_possible: bool = True
    own_headers: Mapping[str, str] = field(default_factory=dict)

    def is_header(self, cells: Sequence[str]) -> bool:
        table = self.recognise(cells)
        return table.has_header if table else self._is_native(cells)

    def _is_native(self, cells: Sequence[str]) -> bool:
        resource, names = kinds[self.kind], list(filter(None, self._names(cells)))
        if not self.is_native_possible or not set(resource.key_names(names)) <= set(names):
            return False
        # A list of columns, with what each is for, is no header of the table it tells of. With a
        # column that no file may set it is one in any case: nothing below it may be stored.
        known = sum(name == IGNORED or has_meaning(name, resource) for name in names)
        return 2 * known > len(names) or bool(set(resource.forbidden).intersection(names))

    def _names(self, header: Sequence[str]) -> list[str]:
        resource, own = kinds[self.kind], self.own_headers
        names = map(known_name, header)
        return [name if has_meaning(name, resource) else own.get(name, name) for name in names]

    def is_row(self, header: Sequence[str], cells: Sequence[str]) -> bool:
        """Whether every cell of the key is filled, and reads as one."""
        filled = sum(bool(cell.strip()) for cell in cells)
        texts = list(self._key_texts(header, cells))
        is_key = all(text and _reads_as_key(self.kind, name, text) for name, text in texts)
        return bool(texts) and is_key and filled >= min(LEAST_CELLS, len(header))

    def _key_texts(self, header: Sequence[str], cells: Sequence[str]) -> Iterator[tuple[str, str]]:
        """The columns of the key, and what a row has in them."""
        padded = [*cells, *[""] * (len(header) - len(cells))]
        table_class = self.recognise(header)
        if table_class is None:
            names = self._names(header)
            for name in kinds[self.kind].key_names(names):
                yield name, padded[names.index(name)].strip()
            return
        if table_class.kind not in kinds:
            return
        table = table_class(header)
        of_row = Cells(table, padded)
        for name in kinds[table_class.kind].key_names(list(table.active_sources)):
            sources = table.active_sources[name].sources if name in table.active_sources else ()
            if sources:
                yield name, of_row.first(*sources)


@cache
def _identifier_cleaner(kind: str, name: str) -> Clean | None:
    column, model = kinds[kind].column_named(name)
    if not column.identifier:
        return None
    return cleaner_for(column.model_field(model), is_identifier=True)


def _reads_as_key(kind: str, name: str, text: str) -> bool:
    clean = _identifier_cleaner(kind, name)
    try:
        return clean is None or bool(clean(text))
    except CellRefused:
        return False
