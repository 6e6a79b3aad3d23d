"""The form of a person asks before it makes a near double of somebody, as files do."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldBooleanWidget

from backoffice.admin_site.models.folded_identity import Identity, near_doubles
from backoffice.admin_site.models.rules import names_in
from backoffice.admin_site.permissions import roles
from backoffice.admin_site.permissions.admin_access import fieldsets_with

FIELD = "allows_similar"
SIMILAR = "similar_person"  # as in files


class SimilarPersonForm(forms.ModelForm):
    """Refuses a student ID or a username that is somebody else's but for its form, until allowed.

    The tick is out of sight until it is needed.
    """

    allows_similar = forms.BooleanField(
        label=_("It is somebody else"), required=False, widget=forms.HiddenInput()
    )

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # Django's, and not in the stubs
        is_allowed = self.cleaned_data.get(FIELD)
        for identity in self.instance.identities:
            if self._is_new(identity) and (other := self._near_double(identity)):
                self.fields[FIELD].widget = UnfoldBooleanWidget()
                if not is_allowed:
                    self.add_error(identity.field, _refusal(identity, self.instance, other))

    def _is_new(self, identity: Identity) -> bool:
        """Whether the form gives the person another value, and nothing else is wrong with it."""
        names = names_in(identity.among)
        facts = {name: getattr(self.instance, name) for name in names}
        is_of_it = not identity.among or identity.among.check(facts)
        is_sound = identity.field not in self.errors
        return is_of_it and is_sound and identity.field in self.changed_data

    def _near_double(self, identity: Identity) -> Any:
        return near_doubles(self.instance, identity).order_by("pk").first()


def _refusal(identity: Identity, person: Any, other: Any) -> forms.ValidationError:
    # Who sees students alone is not shown a name of the staff.
    is_visible = other.role == roles.STUDENT or person.role != roles.STUDENT
    name = f"{getattr(other, identity.field)} ({other})" if is_visible else gettext("another one")
    message = gettext(
        "“%(value)s” is similar to %(other)s: only letter case, zeros in front, width, blanks or "
        "hyphens differ. Correct it, or tick “It is somebody else”."
    )
    values = {"value": getattr(person, identity.field), "other": name}
    return forms.ValidationError(message % values, code=SIMILAR)


class SimilarPersonMixin(ModelAdmin):
    """Puts the tick on the form once it is posted."""

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return fieldsets_with(request, super().get_fieldsets(request, obj), FIELD)
