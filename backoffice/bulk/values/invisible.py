"""Signs that nobody sees: marks of direction around a text, and what hides inside an address."""

import re
import unicodedata

from django.utils.translation import gettext as _

from backoffice.bulk.values.faults import CellRefused

# Unicode Standard Annex 9: embeddings end with U+202C, isolates with U+2069. An override turns
# letters around, so it is none of them.
CLOSED_BY = {
    **dict.fromkeys("\u202a\u202b", "\u202c"),
    **dict.fromkeys("\u2066\u2067\u2068", "\u2069"),
}
# A blank here besides the usual one, or a letter that shows nothing.
LOOKS_LIKE_NOTHING = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f]")
AROUND = 40  # signs that are shown before and behind
HIDDEN = ("Cf", "Cc", "Zs", "Zl", "Zp")  # Unicode categories: format, control, separators


def without_marks_around(text: str) -> str:
    """The text without the pairs of direction marks that enclose all of it."""
    while len(text) > 1 and CLOSED_BY.get(text[0]) == text[-1] and _is_one_pair(text):
        text = text[1:-1].strip()
    return text


def _is_one_pair(text: str) -> bool:
    """Whether the last sign closes the first."""
    depth = 0
    for at, sign in enumerate(text):
        depth += (sign in CLOSED_BY) - (sign in CLOSED_BY.values())
        if depth < 1:
            return at == len(text) - 1
    return False


def refuse_invisible(text: str, code: str) -> None:
    """Raise CellRefused, with its Unicode name, for a sign that nobody sees in an address or ID."""
    at = next((at for at, sign in enumerate(text) if is_hidden(sign)), -1)
    if at < 0:
        return
    template = _(
        "{column} holds an invisible sign, %(name)s, which stands here: “%(excerpt)s”. Type the "
        "value again."
    )
    excerpt = "".join(map(_visible, text[max(0, at - AROUND) : at + AROUND]))
    params = {"name": name_of(text[at]), "excerpt": excerpt.replace("{", "{{").replace("}", "}}")}
    raise CellRefused(code, template % params)


def _visible(sign: str) -> str:
    return f"[{name_of(sign)}]" if is_hidden(sign) else sign


def is_hidden(sign: str) -> bool:
    if sign <= "~":
        return sign < " "
    return unicodedata.category(sign) in HIDDEN or bool(LOOKS_LIKE_NOTHING.match(sign))


def name_of(sign: str) -> str:
    """The sign's Unicode name and number: `SOFT HYPHEN (U+00AD)`."""
    number = f"U+{ord(sign):04X}"
    name = unicodedata.name(sign, "")
    return f"{name} ({number})" if name else number
