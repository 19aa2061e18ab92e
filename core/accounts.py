"""Accounts are made by admins; nobody signs up by themselves."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedAccountAdapter(DefaultAccountAdapter):
    """allauth's adapter with sign-up switched off."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
