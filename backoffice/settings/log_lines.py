"""Lines of the log, into which nobody writes a line of their own.

What people send stands in log messages: paths, names, headers, texts of errors. Characters that end
a line, move the cursor of a terminal or turn the direction of writing stand there as escapes. The
lines of a traceback begin with a bar, as no line of a message does.
"""

import copy
import logging
import unicodedata

# Control, format (such as bidirectional overrides), half of a character, line and paragraph ends.
UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
TRACEBACK = "  | "


def escaped(text: str) -> str:
    """A text on one line, with escapes for whatever a terminal might obey."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(each) for each in text)


def _escaped(character: str) -> str:
    if unicodedata.category(character) not in UNSAFE:
        return character
    return character.encode("unicode_escape", "surrogatepass").decode()


def _barred(text: str) -> str:
    return "\n".join(TRACEBACK + escaped(line) for line in text.split("\n"))


class LineFormatter(logging.Formatter):
    """Formats a record safely: by itself, or as another formatter would."""

    inner: logging.Formatter | None = None

    @classmethod
    def around(cls, inner: logging.Formatter | None) -> "LineFormatter":
        """A formatter that gives another one only what is safe."""
        formatter = cls()
        formatter.inner = inner
        return formatter

    def format(self, record: logging.LogRecord) -> str:
        safe = self._safe(record)
        return self.inner.format(safe) if self.inner else super().format(safe)

    def _safe(self, record: logging.LogRecord) -> logging.LogRecord:
        # A copy: other handlers get the record as it is.
        safe = copy.copy(record)
        safe.msg, safe.args = escaped(record.getMessage()), None
        traceback = self.formatException(record.exc_info) if record.exc_info else record.exc_text
        safe.exc_info, safe.exc_text = None, _barred(traceback) if traceback else None
        safe.stack_info = _barred(record.stack_info) if record.stack_info else None
        return safe


def guard_handlers() -> None:
    """Put a safe formatter around those that others brought, such as the web server's."""
    names = list(logging.root.manager.loggerDict)
    for logger in (logging.root, *map(logging.getLogger, names)):
        for handler in logger.handlers:
            if not isinstance(handler.formatter, LineFormatter):
                handler.setFormatter(LineFormatter.around(handler.formatter))
