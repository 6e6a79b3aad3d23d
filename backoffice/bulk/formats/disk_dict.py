"""A mapping on disk, for what has a row for each person of a school."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping


class DiskMap(Mapping[str, str]):
    """Texts by texts, in a file without a name that goes with it; of a key the last counts."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._store = sqlite3.connect("")
        self._store.execute("CREATE TABLE entry (name text PRIMARY KEY, value text) WITHOUT ROWID")
        self._store.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?)", pairs)

    def __getitem__(self, name: str) -> str:
        query = "SELECT value FROM entry WHERE name = ?"
        row = self._store.execute(query, (name,)).fetchone()
        if row is None:
            raise KeyError(name)
        return row[0]

    def __iter__(self) -> Iterator[str]:
        for (name,) in self._store.execute("SELECT name FROM entry"):
            yield name

    def __len__(self) -> int:
        return self._store.execute("SELECT count(*) FROM entry").fetchone()[0]
