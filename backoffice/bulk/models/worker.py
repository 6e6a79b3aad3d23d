"""The processes that work on large imports."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Worker(models.Model):
    """A process that works on large imports; `seen_at` is its last sign of life."""

    name = models.CharField(max_length=64, unique=True)
    started_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("worker")
        default_permissions = ()

    def __str__(self) -> str:
        return self.name
