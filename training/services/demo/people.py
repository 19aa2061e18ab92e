"""The demo's people and their random passwords, kept in a file that only the owner may read."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from annotation.policies import role_of
from annotation.services import members
from core.data import data_directory
from core.models import User
from core.selectors.addresses import login_address
from core.services import credentials, users

if TYPE_CHECKING:
    from annotation.models import Study

ROLES = {
    "annotator1": "annotator",
    "annotator2": "annotator",
    "annotator3": "annotator",
    "expert": "expert",
    "admin": "admin",
}


@dataclass(frozen=True)
class People:
    """Who works in the demo study."""

    annotators: Sequence[User]
    expert: User
    admin: User


def ensure() -> People:
    """The demo's users, made where they are missing."""
    passwords = _passwords()
    found = {name: _user(name, passwords[name]) for name in ROLES}
    annotators = [found[name] for name, role in ROLES.items() if role == "annotator"]
    return People(annotators, found["expert"], found["admin"])


def enrol(study: Study, team: People) -> Study:
    """Give everybody their role in the study."""
    for user in (*team.annotators, team.expert, team.admin):
        role = ROLES[user.get_username()]
        if role_of(user, study) != role:
            members.add(study, user, role, actor=None)
    return study


def logins() -> list[tuple[str, str]]:
    """Each of the demo's people with a link that logs them in once, within ten minutes."""
    found = User.objects.in_bulk(list(ROLES), field_name="username")
    return [
        (name, login_address(credentials.make_login_secret(found[name])))
        for name in ROLES
        if name in found
    ]


def logins_path() -> Path:
    """The file with the passwords, one `name password` a line."""
    return data_directory() / "demo-logins.txt"


def _user(name: str, password: str) -> User:
    found = User.objects.filter(username=name).first()
    return found or users.create(name, actor=None, password=password)


def _passwords() -> dict[str, str]:
    """The passwords on file; made, and on disk, before a user has one."""
    path = logins_path()
    if not path.exists():
        lines = "".join(f"{name} {secrets.token_urlsafe(12)}\n" for name in ROLES)
        unfinished = path.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    pairs = (line.split(maxsplit=1) for line in path.read_text(encoding="utf-8").splitlines())
    return dict(pairs)
