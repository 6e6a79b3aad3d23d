"""Indexes whose names are longer than Django allows by default."""

from django.db import models


class LongNameIndex(models.Index):
    """An index with a name of up to PostgreSQL's 63 characters."""

    max_name_length = 63
