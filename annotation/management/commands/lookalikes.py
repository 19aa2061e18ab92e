"""Names scans that look like another subject's."""

from __future__ import annotations

from typing import Any

from annotation.management.study_command import StudyCommand
from annotation.models import Image, Study
from annotation.selectors.duplicates import lookalikes_of
from annotation.services import alignments, signatures
from core.models import User


class Command(StudyCommand):
    """`lookalikes`."""

    help = "Computes missing signatures and names scans that look like another subject's."

    def run(self, study: Study, actor: User | None, options: dict[str, Any]) -> dict[str, Any]:
        computed = signatures.complete(study)
        images = Image.objects.filter(study=study)
        subjects = dict(images.values_list("pk", "subject__code"))
        alignments.complete(images, images)
        found = lookalikes_of(images, images)
        return {
            "study": study.name,
            "computed": computed,
            "lookalikes": [
                {
                    "image": one.image_id,
                    "subject": subjects[one.image_id],
                    "like_image": one.like_image,
                    "like_subject": one.like_subject,
                    "like_partition": one.like_partition,
                    "correlation": one.correlation,
                }
                for _, one in sorted(found.items())
            ],
        }

    def describe(self, answer: dict[str, Any]) -> str:
        lines = [
            f"Image {one['image']} of {one['subject']} looks like image {one['like_image']} of "
            f"{one['like_subject']} ({one['like_partition']}), correlation {one['correlation']}."
            for one in answer["lookalikes"]
        ]
        ending = (
            "If it is one person, put the subject right; else training leaves out what looks like "
            "a held-out scan."
            if lines
            else "No scan looks like another subject's."
        )
        return "\n".join([*lines, ending])
