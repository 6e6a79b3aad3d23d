"""A natural key for rows that have none of their own."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.audit.models import Audited


class Referable(Audited):
    """A row whose natural key is a random reference: a post, a message."""

    natural_key_fields = ("reference",)

    reference = models.UUIDField(_("reference"), default=uuid.uuid4, unique=True, editable=False)

    class Meta(Audited.Meta):
        abstract = True
