"""Final grades on the admin site: closed forms, and what two people do with them."""

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.permissions import roles
from backoffice.admin_site.permissions.admin_access import InlineAccess
from backoffice.apps.assessments.final_grades import ask_to_change, ask_to_reopen, waiting_wishes
from backoffice.apps.assessments.forms import FinalGradeForm
from backoffice.apps.assessments.models import AssessmentSubmission
from backoffice.apps.assessments.models.finality import FINAL_MESSAGE
from backoffice.audit.admin_kit.actions import ReasonForm, RowAction
from backoffice.audit.admin_kit.model_admin import AuditedAdmin
from backoffice.audit.models import Approval

SECOND_PERSON = _(
    "A second person has to agree: an admin, or the instructor of the course. Until then the grade "
    "counts as it is."
)


def _asked(approval: Approval) -> str:
    return gettext("Asked for: %(what)s. It waits for a second person.") % {"what": approval}


class FinalGradeActionsMixin:
    """The row actions of final grades."""

    @RowAction(
        _("Reopen"),
        icon="lock_open",
        text=SECOND_PERSON,
        verb="reopen",
        submit=_("Ask for it"),
        when=lambda row: row.is_final,
        refusal=_("Only a final grade is opened again."),
    )
    def reopen(self, form: ReasonForm, submission: AssessmentSubmission) -> str:
        reason = form.cleaned_data["reason"]
        return _asked(ask_to_reopen(submission, form.request.user, reason))

    @RowAction(
        _("Change final grade"),
        icon="edit_note",
        text=SECOND_PERSON,
        form=FinalGradeForm,
        verb="finalize",
        submit=_("Ask for it"),
        when=lambda row: row.is_final,
        refusal=_("This grade is not final. Choose “Grade”."),
    )
    def change_final(self, form: FinalGradeForm, submission: AssessmentSubmission) -> str:
        cleaned = form.cleaned_data
        approval = ask_to_change(
            submission,
            cleaned["score"],
            cleaned["feedback"],
            form.request.user,
            cleaned["reason"],
        )
        return _asked(approval)


class FinalityMixin(AuditedAdmin):
    """Shows what makes a final grade and does not let it be edited."""

    change_form_before_template = "assessments/finality.html"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fixed = super().get_readonly_fields(request, obj)
        return [*fixed, *self._closed_fields(request, obj, fixed)]

    def _closed_fields(self, request: HttpRequest, obj: Any, fixed: list[Any]) -> list[str]:
        if obj is None or not obj.is_final:
            return []
        model: Any = self.model  # one that has finality
        open_fields = [name for name in self.stated_fields() if name not in fixed]
        # A form that was opened before the grade was final keeps what was typed; the model says no.
        return [
            name for name in open_fields if name in model.final_fields and name not in request.POST
        ]

    def _is_closed(self, request: HttpRequest, obj: Any) -> bool:
        """Whether the form has nothing to fill in."""
        fixed = self.get_readonly_fields(request, obj)
        return bool(obj and obj.is_final and set(self.stated_fields()) <= set(fixed))

    def is_reason_required(self, request: HttpRequest, obj: Any) -> bool:
        return super().is_reason_required(request, obj) and not self._is_closed(request, obj)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = kwargs.get("obj")
        if row is not None and row.is_final:
            context |= wishes_context(request, row)
            if self.has_change_permission(request, row):
                context["final_message"] = FINAL_MESSAGE
            if self._is_closed(request, row):
                context |= {"show_save": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **kwargs)


class ClosedInlineMixin(InlineAccess):
    """The inline's rows are only shown where the grade is final."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_add_permission(request, obj) and not self._is_closed(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not self._is_closed(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not self._is_closed(request, obj)

    def _is_closed(self, request: HttpRequest, obj: Any) -> bool:
        if obj is None or not obj.is_final:
            return False
        field: Any = self.model._meta.get_field(self.model.submission_path)
        sent = _sent_of(request, field.remote_field.get_accessor_name())
        # As above: what was typed before the grade was final is refused by the model.
        return not set(self.model.final_fields) & sent


def _sent_of(request: HttpRequest, prefix: str) -> set[str]:
    """The fields that a form sends of the rows of an inline."""
    names: Iterable[str] = request.POST
    return {name.rpartition("-")[2] for name in names if name.startswith(f"{prefix}-")}


def wishes_context(request: HttpRequest, row: models.Model) -> dict[str, Any]:
    """What waits for a second person, for those who see the score of the work."""
    visible = roles.visible_fields(request.user, AssessmentSubmission)
    if not isinstance(row, AssessmentSubmission) or (visible and "score" not in visible):
        return {}
    return {"wishes": waiting_wishes(row, request.user)}
