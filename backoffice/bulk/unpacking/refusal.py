"""Why a workbook or a zip file is refused, by name; `readers/refusals.py` has the sentences."""

from typing import NamedTuple


class Refused(Exception):
    """The file cannot be read further; `params` stand in the sentence of this name."""

    def __init__(self, name: str, /, **params: str | float) -> None:
        super().__init__(name)
        self.name, self.params = name, params


class Bounds(NamedTuple):
    """How large a file may be: bytes of a file or member, data rows, bytes of one row."""

    max_bytes: int
    max_rows: int
    max_row_bytes: int
