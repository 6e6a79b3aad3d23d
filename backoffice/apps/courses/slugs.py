"""The short name of a course in addresses."""

import hashlib
import re

from django.utils.text import slugify

PLAIN = re.compile(r"[A-Z0-9]+")
LONGEST = 110  # characters before the mark


def course_slug(code: str, presentation: str) -> str:
    """“AAA” in “2013J” is `aaa-2013j`. The same two texts give the same slug, others another."""
    slug = slugify(f"{code}-{presentation}", allow_unicode=True)
    if PLAIN.fullmatch(code) and PLAIN.fullmatch(presentation):
        return slug
    # Case and punctuation are lost in a slug (“A-B” and “AB”, “Aa” and “AA”): a digest tells them
    # apart. One letter may stand for a whole word, and make a slug longer than its field.
    mark = hashlib.sha256(f"{code}\0{presentation}".encode()).hexdigest()[:8]
    return f"{slug[:LONGEST]}-{mark}".lstrip("-")
