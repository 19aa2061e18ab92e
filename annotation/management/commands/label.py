"""Corrects a label of a site: another name, merged into another, retired."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from annotation.management.study_command import StudyCommand
from annotation.models import Study
from annotation.selectors.studies import site_named
from annotation.services import labels
from core.models import User


class Command(StudyCommand):
    """`label SITE NAME --rename NEW | --merge INTO | --retire | --restore --as ADMIN`."""

    help = (
        "Renames a label, merges it into another, retires it or takes it back. Revisions stay as "
        "they were drawn and are read under the label's name of now."
    )
    wants_actor = True

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("site")
        parser.add_argument("label")
        wanted = parser.add_mutually_exclusive_group(required=True)
        wanted.add_argument("--rename", metavar="NEW")
        wanted.add_argument("--merge", metavar="INTO")
        wanted.add_argument("--retire", action="store_true")
        wanted.add_argument("--restore", action="store_true")

    def run(self, study: Study, actor: User | None, options: dict[str, Any]) -> dict[str, Any]:
        assert actor is not None
        site = site_named(study, options["site"])
        label = labels.label_named(site, options["label"])
        if options["rename"]:
            label = labels.rename(label, options["rename"], actor=actor)
        elif options["merge"]:
            into = labels.label_named(site, options["merge"])
            label = labels.merge(label, into, actor=actor)
        elif options["retire"]:
            labels.retire(label, actor=actor)
        else:
            labels.restore(label, actor=actor)
        return {"site": site.slug, "label": label.name, "retired": label.retired}

    def describe(self, answer: Any) -> str:
        use = "retired" if answer["retired"] else "in use"
        return f"The site {answer['site']} has the label {answer['label']}, {use}."
