"""The short name of a course in addresses."""

import hashlib
import re

from django.utils.text import slugify

PLAIN = re.compile(r"[A-Z0-9]+")
LONGEST = 110  # characters before the mark


def course_slug(code: str, presentation: str) -> str:
    """“AAA” in “2013J” is `aaa-2013j`. The same two texts give the same slug, any others another.

    Lower case and punctuation are lost in a slug (“A-B” and “AB”, “Aa” and “AA”), so whatever is
    not plain capitals and digits gets a few digits that tell it apart. A letter that stands for a
    whole word makes a slug longer than its field; it is cut.
    """
    slug = slugify(f"{code}-{presentation}", allow_unicode=True)
    if PLAIN.fullmatch(code) and PLAIN.fullmatch(presentation):
        return slug
    mark = hashlib.sha256(f"{code}\0{presentation}".encode()).hexdigest()[:8]
    return f"{slug[:LONGEST]}-{mark}".lstrip("-")
