"""What stood in the file where a staged row says something else, or stands somewhere else.

A line of a gradebook is a row for each of its scores, with headers of their own and one number.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

HEADER = "#"  # before a column's name, none of which begins with it
ROW = "@"
OTHERS = ""  # the header of all cells of a row that have none of their own
NOTHING: Mapping[str, str] = MappingProxyType({})


class Origin(NamedTuple):
    """Where a row comes from, as far as its line and the names of its columns do not tell.

    `cells`: as they stand in the file, where they read otherwise; `headers`: of cells that stand in
    another column than those of other rows; `row`: of the file, 0 where it is the staged one.
    """

    cells: Mapping[str, str] = NOTHING
    headers: Mapping[str, str] = NOTHING
    row: int = 0

    def noted(self) -> dict[str, str]:
        """One object of texts, as `origin_of` reads it."""
        headers = {HEADER + name: header for name, header in self.headers.items()}
        return {**self.cells, **headers, **({ROW: str(self.row)} if self.row else {})}


AS_STAGED = Origin()


def origin_of(noted: str | None) -> Origin:
    """The origin that was staged with a row."""
    if not noted:
        return AS_STAGED
    texts: dict[str, str] = json.loads(noted)
    row = int(texts.pop(ROW, 0))
    headers = {name[1:]: text for name, text in texts.items() if name[0] == HEADER}
    cells = {name: text for name, text in texts.items() if name[0] != HEADER}
    return Origin(cells, headers, row)
