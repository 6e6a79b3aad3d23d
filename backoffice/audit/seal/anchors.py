"""Anchors: the head of the chain, signed and stored where the database cannot reach it.

Whoever owns the database can cut the chain's end or build it anew; the chain alone does not show
that. An older anchor does: a block it names is not there, or has another hash.
"""

import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.core.signing import BadSignature, Signer
from django.utils.translation import gettext as _

from backoffice.audit.models import Block
from backoffice.audit.seal.verify import Verdict

log = logging.getLogger("backoffice.audit.anchor")
SALT = "backoffice.audit.anchor"


@dataclass(frozen=True)
class Anchor:
    """The head of the chain at a moment: block, hash, when sealed."""

    number: int
    hash: str
    sealed_at: str

    @classmethod
    def of(cls, block: Block) -> "Anchor":
        return cls(block.number, block.hash, block.sealed_at.isoformat(timespec="seconds"))

    @property
    def text(self) -> str:
        """As one line, which the signature is made of."""
        return f"{self.number} {self.hash} {self.sealed_at}"

    @property
    def line(self) -> str:
        """As a line of JSON, signed."""
        return json.dumps(
            {
                "block": self.number,
                "hash": self.hash,
                "sealed_at": self.sealed_at,
                "signature": Signer(salt=SALT).signature(self.text),
            }
        )

    @classmethod
    def from_line(cls, line: str) -> "Anchor":
        """Read a line. Raises ValueError for one that is no anchor or was not signed here."""
        try:
            parsed = json.loads(line)
            anchor = cls(int(parsed["block"]), parsed["hash"], parsed["sealed_at"])
            Signer(salt=SALT).unsign(f"{anchor.text}:{parsed['signature']}")
        except BadSignature:
            raise ValueError(
                _("its signature is not ours: it was changed, or SECRET_KEY was")
            ) from None
        except (ValueError, KeyError, TypeError):
            raise ValueError(_("it is no line of an anchor file")) from None
        return anchor


def head() -> Anchor | None:
    """The head of the chain as an anchor; None while nothing is sealed."""
    block = Block.head()
    return Anchor.of(block) if block else None


def write(anchor: Anchor, path: Path | None = None) -> None:
    """Write an anchor to the log and to the end of a file, if given. Raises OSError."""
    log.info("anchor %s", anchor.line)
    if path is not None:
        with path.open("a", encoding="utf-8") as stream:
            stream.write(anchor.line + "\n")


def read(path: Path) -> tuple[list[Anchor], list[str]]:
    """The anchors of a file, and an error for each line that is none. Raises OSError."""
    anchors, errors = [], []
    with path.open(encoding="utf-8") as stream:
        for number, line in _lines(stream):
            try:
                anchors.append(Anchor.from_line(line))
            except ValueError as error:
                message = _("Line %(number)s of %(file)s cannot be used: %(why)s.")
                errors.append(message % {"number": number, "file": path, "why": error})
    return anchors, errors


def _lines(stream: Iterable[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(stream, 1):
        if line.strip():
            # In a line of a log the logger's words stand in front.
            yield number, line[line.find("{") :] if "{" in line else line


def compare(verdict: Verdict, path: Path) -> None:
    """Add to a verdict what the anchors of a file say against the chain. Raises OSError."""
    anchors, errors = read(path)
    verdict.unchecked += errors
    if not anchors and not errors:
        verdict.unchecked.append(_("%(file)s holds no anchor.") % {"file": path})
    for message in contradictions(anchors):
        verdict.add("%(sentence)s", sentence=message)


def contradictions(anchors: Iterable[Anchor]) -> Iterator[str]:
    """A message for each anchor that the chain contradicts."""
    block = Block.head()
    last = block.number if block else 0
    for anchor in anchors:
        block = Block.objects.filter(number=anchor.number).first()
        named = {"number": anchor.number, "at": anchor.sealed_at, "last": last}
        if block is None and anchor.number > last:
            message = _(
                "The anchor of %(at)s knows block %(number)s, and the chain ends at block "
                "%(last)s: its end was cut off."
            )
            yield message % named
        elif block is None:
            yield _("The anchor of %(at)s knows block %(number)s, which is missing.") % named
        elif block.hash != anchor.hash:
            message = _(
                "Block %(number)s is not the one the anchor of %(at)s knows: the chain was built "
                "anew."
            )
            yield message % named
