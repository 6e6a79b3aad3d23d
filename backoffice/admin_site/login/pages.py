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
from unfold.forms import AuthenticationForm

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


def paused(request: Any, *_answer: Any) -> HttpResponse:
    """The answer to a guess during a pause."""
    seconds = request.login_pause.total_seconds()
    minutes = max(1, math.ceil(seconds / 60))
    page = render(request, "admin_site/throttled.html", {"minutes": minutes}, status=429)
    page.headers["Retry-After"] = str(minutes * 60)
    return page
