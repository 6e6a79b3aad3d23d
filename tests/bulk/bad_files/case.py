"""A bad file: what it is called, what stands in it, and what has to be said of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Content = bytes | str | Callable[[], bytes]
Options = Mapping[str, Any]
# Code of the error, and, where it is worth pinning, its whole message.
ExpectedError = str | tuple[str, str]


@dataclass(frozen=True)
class BadFile:
    """A file that has to be refused, with the code of its first error.

    `options` are the fields of a batch; a bomb has a second to be found out.
    """

    name: str
    kind: str
    content: Content
    code: str
    message: str = ""
    options: Options = field(default_factory=dict)
    file_name: str = "autumn.csv"
    is_bomb: bool = False

    def read(self) -> bytes:
        """The bytes of the file."""
        content = self.content() if callable(self.content) else self.content
        return content.encode() if isinstance(content, str) else content


def error_fields(expected: ExpectedError) -> dict[str, str]:
    """Code and message as fields of a case."""
    code, message = (expected, "") if isinstance(expected, str) else expected
    return {"code": code, "message": message}


def cases(
    group: str, table: Mapping[str, tuple[str, Content, ExpectedError]], **more: Any
) -> Iterator[BadFile]:
    """Cases from a table of kind, content and what is said, by name."""
    for name, (kind, content, expected) in table.items():
        yield BadFile(f"{group}: {name}", kind, content, **error_fields(expected), **more)
