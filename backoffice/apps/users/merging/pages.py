"""The page on which a merge is looked at and asked for, and the action that asks for its undo."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from backoffice.admin_site.pages.related_links import page_of
from backoffice.admin_site.permissions.visibility import offered, permitted
from backoffice.apps.users.merging.forms import MergeForm, OtherRecordForm, UndoMergeForm
from backoffice.apps.users.merging.plan import MergePlan, plan_of
from backoffice.apps.users.merging.preview import preview_of
from backoffice.apps.users.merging.requests import (
    keys_of,
    plan_for,
    request_merge,
    request_undo,
    waiting_merges,
)
from backoffice.apps.users.models import User
from backoffice.audit.access_log.log import record_look
from backoffice.audit.admin_kit.actions import RowAction
from backoffice.audit.admin_kit.model_admin import AuditedAdmin
from backoffice.audit.admin_kit.optimistic_lock import digest
from backoffice.audit.models import Approval

OTHER, REMAINS = "other", "remains"
CHANGED = _(
    "The two records changed while you were looking at them. This is what would happen now; look "
    "at it, and ask again."
)


class MergedRecordMixin(AuditedAdmin):
    """Leads from an emptied record to the survivor, from where a merge is undone."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # A merged record is there for its history alone.
        is_merged = obj is not None and getattr(obj, "merged_into_id", None) is not None
        return not is_merged and super().has_change_permission(request, obj)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        person = kwargs.get("obj")
        if person is None or person.merged_into_id is None:
            return super().render_change_form(request, context, *args, **kwargs)
        survivor = person.merged_into
        message = gettext("%(person)s was merged into this record.") % {"person": person}
        messages.info(request, message)
        return HttpResponseRedirect(page_of(survivor))

    def get_actions_row(self, request: HttpRequest) -> list[Any]:
        # On the page of a person; in the menu of each row it would be in the way.
        actions = super().get_actions_row(request)
        return [each for each in actions if each.method.__name__ != "request_unmerge"]

    @RowAction(
        _("Undo a merge"),
        icon="undo",
        text=_("A second person has to agree. Both records are then what they were."),
        form=UndoMergeForm,
        submit=_("Ask for it"),
        when=lambda person: person.role == User.Role.STUDENT and person.merged_records.exists(),
        refusal=_("No record was merged into this one."),
    )
    def request_unmerge(self, form: UndoMergeForm, person: User) -> str:
        cleaned = form.cleaned_data
        approval = request_undo(cleaned["duplicate"], form.request.user, cleaned["reason"])
        message = gettext("Asked for: %(what)s. It waits for a second person.")
        return message % {"what": approval}


class MergeMixin(MergedRecordMixin):
    """Merges a student's record with another one of the same person."""

    def has_merge_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        person = self.get_object(request, unquote(str(object_id)))
        is_student = person is not None and person.role == User.Role.STUDENT
        return is_student and self.has_change_permission(request, person)

    @action(description=_("Merge with…"), icon="merge", permissions=["merge"])
    def merge(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """The page. Raises PermissionDenied for whoever may not change such students."""
        if not self.has_merge_permission(request, object_id):
            raise PermissionDenied
        person = self.get_object(request, unquote(object_id))
        people = offered(permitted(User.objects.students(), request.user, "change"))
        form = OtherRecordForm(people.exclude(pk=person.pk), request.GET or None)
        if not (form.is_bound and form.is_valid()):
            return self._merge_page(request, person, {"form": form})
        other = form.cleaned_data[OTHER]
        return self._previewed(request, person, other)

    def _previewed(self, request: HttpRequest, person: User, other: User) -> HttpResponse:
        """The preview, and the request where it is posted."""
        record_look(request, other)
        is_other = request.GET.get(REMAINS) == OTHER
        survivor, duplicate = (other, person) if is_other else (person, other)
        waiting = _waiting(person, other)
        if waiting is not None:
            plan = plan_for(waiting)
            return self._merge_page(request, person, _context(request, plan, waiting=waiting))
        with transaction.atomic():
            plan = plan_of(survivor, duplicate)
            mark = digest(sorted(plan.digests.items()))
            form = MergeForm(request.POST or None, initial={"check_digest": mark})
            if request.method == "POST" and form.is_valid():
                response = self._request(request, form, plan, mark)
                if response is not None:
                    return response
        turned = {OTHER: other.pk} if is_other else {OTHER: other.pk, REMAINS: OTHER}
        context = _context(request, plan, reason=form, turned=f"?{urlencode(turned)}")
        return self._merge_page(request, person, context)

    def _request(
        self, request: HttpRequest, form: MergeForm, plan: MergePlan, mark: str
    ) -> HttpResponse | None:
        if form.cleaned_data["check_digest"] != mark:
            form.add_error(None, CHANGED)
            form.data = form.data.copy()
            form.data["check_digest"] = mark
            return None
        try:
            reason = form.cleaned_data["reason"]
            approval = request_merge(plan.survivor, plan.duplicate, request.user, reason)
        except ValidationError as refusal:
            form.add_error(None, refusal)
            return None
        message = gettext("Asked for: %(what)s. It waits for a second person.")
        messages.success(request, message % {"what": approval})
        return redirect(page_of(plan.survivor))

    def _merge_page(
        self, request: HttpRequest, person: User, context: dict[str, Any]
    ) -> HttpResponse:
        shared = self.admin_site.each_context(request)
        values = {"title": gettext("Merge two records"), "opts": self.opts, "person": person}
        values |= {"original": person, "person_page": page_of(person)}
        return TemplateResponse(request, "users/merge.html", shared | values | context)


def _waiting(person: User, other: User) -> Approval | None:
    """The request that waits for a decision about these two."""
    pair = {person.pk, other.pk}
    return next((each for each in waiting_merges() if keys_of(each) == pair), None)


def _context(request: HttpRequest, plan: MergePlan, **context: Any) -> dict[str, Any]:
    return {"preview": preview_of(plan, request.user), "plan": plan} | context
