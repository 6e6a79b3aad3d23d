"""What the login page answers with: its form, and the page of a pause."""

import math
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.forms import UsernameField
from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from unfold.forms import AdminOwnPasswordChangeForm, AuthenticationForm

LONGEST_NAME = get_user_model()._meta.get_field("username").max_length
LONGEST_PASSWORD = 4096


class LoginForm(AuthenticationForm):
    """Username and password; what no account can have is refused before anybody looks it up."""

    username = UsernameField(max_length=LONGEST_NAME, widget=forms.TextInput())
    password = forms.CharField(
        label=AuthenticationForm.base_fields["password"].label,
        strip=False,
        max_length=LONGEST_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def confirm_login_allowed(self, user: Any) -> None:
        try:
            super().confirm_login_allowed(user)
        except ValidationError:
            # A student's right password counts like a wrong one: else the pause would tell it.
            user_login_failed.send(
                sender=__name__,
                credentials={"username": user.get_username()},
                request=self.request,
            )
            raise


class PasswordAloneForm(forms.Form):
    """Stores a password, and nothing else of the account: that may be another since it was read."""

    def set_password_and_save(
        self, user: Any, *field: str, commit: bool = True, **kwargs: Any
    ) -> Any:
        # A whole row would undo what somebody did meanwhile: that takes a second, with the hashes.
        user = super().set_password_and_save(  # type: ignore[misc]  # of Django's forms beside it
            user, *field, commit=False, **kwargs
        )
        if commit:
            user.save(update_fields=["password"])
        return user


class OwnPasswordForm(PasswordAloneForm, AdminOwnPasswordChangeForm):
    """One's own password anew: another one, as whoever set the old one may know it."""

    def clean_new_password1(self) -> str:
        """Raises ValidationError for the password the account has."""
        password: str = self.cleaned_data["new_password1"]
        if self.user.check_password(password):
            message = _("This is the password you have. Choose another one.")
            raise ValidationError(message, code="same_password")
        return password


def paused(request: Any, *_answer: Any) -> HttpResponse:
    """The answer to a guess during a pause."""
    seconds = request.login_pause.total_seconds()
    minutes = max(1, math.ceil(seconds / 60))
    page = render(request, "admin_site/throttled.html", {"minutes": minutes}, status=429)
    page.headers["Retry-After"] = str(minutes * 60)
    return page
