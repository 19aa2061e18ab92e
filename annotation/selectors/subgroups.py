"""Which group each subject of some images is in: by age, sex, device and operator."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from annotation.models import Image
from domain.splitting import age_group

SEVERAL = "several"
"""Of a subject whose images were taken with more than one device, or by more than one person."""


def groupings(image_ids: Collection[int]) -> dict[str, dict[str, str]]:
    """{"age": {subject code: group}, "sex": ..., "device": ..., "operator": ...}.

    Groups that are not recorded are empty strings.
    """
    ages, sexes = {}, {}
    devices: defaultdict[str, set[str]] = defaultdict(set)
    operators: defaultdict[str, set[str]] = defaultdict(set)
    for image in Image.objects.filter(pk__in=image_ids).select_related("subject", "take"):
        code = image.subject.code
        ages[code] = "" if image.subject.age is None else age_group(image.subject.age)
        sexes[code] = image.subject.sex
        devices[code].add(image.take.device)
        operators[code].add(image.take.operator)
    return {"age": ages, "sex": sexes, "device": _single(devices), "operator": _single(operators)}


def centres(image_ids: Collection[int]) -> dict[str, str]:
    """{subject code: name of the centre}; empty where it is not recorded."""
    found = Image.objects.filter(pk__in=image_ids)
    return {
        code: centre or ""
        for code, centre in found.values_list("subject__code", "subject__centre__name")
    }


def _single(found: dict[str, set[str]]) -> dict[str, str]:
    return {
        code: next(iter(values)) if len(values) == 1 else SEVERAL for code, values in found.items()
    }
