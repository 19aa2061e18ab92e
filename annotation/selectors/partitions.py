"""Reading the split: who is where, and who shares pictures across its borders."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from annotation.models import NEVER_TRAINED, Image, Partition, Study, Subject

UNASSIGNED = "unassigned"
# Images of test subjects and of the reserve: the SQL that triggers of packages above build on.
TEST_IMAGES = (
    "SELECT 1 FROM annotation_image i"
    " JOIN annotation_subjectpartition p ON p.subject_id = i.subject_id"
    " AND p.partition IN ('test', 'reserve')"
)


@dataclass(frozen=True)
class SharedPicture:
    """One picture stored under several subjects, with their partitions."""

    pixel_sha256: str
    subjects: tuple[str, ...]
    partitions: tuple[str, ...]

    @property
    def crosses(self) -> bool:
        """Whether the picture lies on both sides of a border of the split."""
        return len(self.partitions) > 1


def partition_counts(study: Study) -> dict[str, int]:
    """Subjects of a study per partition, those without one as `unassigned`; withdrawn left out."""
    rows = (
        Subject.objects.filter(study=study, withdrawn_at__isnull=True)
        .values_list("partition__partition")
        .annotate(n=Count("pk"))
        .order_by()
    )
    counts = dict.fromkeys([*Partition.values, UNASSIGNED], 0)
    for partition, n in rows:
        counts[partition or UNASSIGNED] += n
    return counts


def subjects_by_partition(study: Study) -> dict[str, list[str]]:
    """The subject codes in each partition that has any, in order; withdrawn left out."""
    codes: dict[str, list[str]] = defaultdict(list)
    rows = Subject.objects.filter(study=study, withdrawn_at__isnull=True).order_by("code")
    for code, partition in rows.values_list("code", "partition__partition"):
        codes[partition or UNASSIGNED].append(code)
    return dict(codes)


def pixel_hashes_by_subject(study: Study) -> dict[str, set[str]]:
    """The pixel hashes of each subject's images, all sites together."""
    hashes: dict[str, set[str]] = defaultdict(set)
    for code, pixel_hash in Image.objects.filter(study=study).values_list(
        "subject__code", "pixel_sha256"
    ):
        hashes[code].add(pixel_hash)
    return hashes


def never_trained_images(study: Study) -> QuerySet[Image]:
    """The images of subjects that no model may learn from, sealed or not, of any site and visit."""
    return Image.objects.filter(study=study, subject__partition__partition__in=NEVER_TRAINED)


def shared_pictures(study: Study) -> list[SharedPicture]:
    """Pictures that stand under more than one subject of the study."""
    images = Image.objects.filter(study=study)
    shared = (
        images.values("pixel_sha256")
        .annotate(subjects=Count("subject", distinct=True))
        .filter(subjects__gt=1)
        .values("pixel_sha256")
        .order_by()
    )
    owners: dict[str, dict[str, str]] = defaultdict(dict)
    for pixel_hash, code, partition in images.filter(pixel_sha256__in=shared).values_list(
        "pixel_sha256", "subject__code", "subject__partition__partition"
    ):
        owners[pixel_hash][code] = partition or UNASSIGNED
    return [
        SharedPicture(pixel_hash, tuple(sorted(codes)), tuple(sorted(set(codes.values()))))
        for pixel_hash, codes in sorted(owners.items())
    ]
