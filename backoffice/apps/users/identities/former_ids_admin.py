"""Former student IDs on the page of their person."""

from typing import Any

from django.db.models import prefetch_related_objects
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from backoffice.admin_site.permissions.admin_access import filter_fieldsets
from backoffice.apps.users.models import User


class FormerIDsMixin(ModelAdmin):
    """Shows them below the student ID, for whoever has any."""

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is not None:
            prefetch_related_objects([obj], "former_student_ids")  # the page asks several times
            if obj.former_student_ids.all():
                return list(fieldsets)
        return filter_fieldsets(fieldsets, lambda name: name != "former_student_ids")

    @display(description=_("Former student IDs"))
    def former_student_ids(self, person: User) -> str:
        """Each with the day until which the person had it, the last one first."""
        template = gettext("%(student_id)s until %(day)s")
        return ", ".join(
            template
            % {"student_id": former, "day": date_format(localtime(former.replaced_at).date())}
            for former in person.former_student_ids.all()
        )
