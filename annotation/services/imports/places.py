"""Where the images of an import go: subjects, visits, scans and takes, found or made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from annotation.models import (
    Centre,
    Image,
    Scan,
    Site,
    Study,
    Subject,
    SubjectPartition,
    Take,
    Visit,
)
from annotation.services.imports.reading import ReadImage
from domain.errors import Refused

ScanKey = tuple[str, date | None, str, str]


@dataclass(frozen=True)
class Place:
    """The take of an image, the image that is there already, and what differs from before."""

    take: Take
    image: Image | None
    differences: tuple[str, ...]


class Places:
    """Looks up the study's rows once, then answers and makes them from memory."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._subjects: dict[str, Subject] = {}
        self._centres: dict[str, Centre] = {}
        self._visits: dict[tuple[str, date | None], Visit] = {}
        self._scans: dict[ScanKey, Scan] = {}
        self._takes: dict[ScanKey, dict[int, Take]] = {}
        self._images: dict[int, dict[int, Image]] = {}
        self._groups: dict[tuple[ScanKey, str], Take] = {}
        self._group_frames: dict[tuple[ScanKey, str], list[ReadImage]] = {}
        self._claimed: set[int] = set()
        self._names: set[str] = set()
        self._chosen: dict[int, tuple[Scan, Take, str]] = {}

    def partitions(self) -> dict[str, str]:
        """The partition of each subject that has one."""
        rows = SubjectPartition.objects.filter(subject__study=self._study)
        return dict(rows.values_list("subject__code", "partition"))

    def load(self, read: Sequence[ReadImage], sites: Mapping[str, Site]) -> None:
        """Look up what the study has of the subjects of an import."""
        codes = {image.unit.placement.subject for image in read}
        subjects = Subject.objects.filter(study=self._study).select_related("centre")
        self._subjects = {row.code: row for row in subjects if row.code in codes}
        keys = {row.pk: row.code for row in self._subjects.values()}
        self._centres = {row.name: row for row in Centre.objects.filter(study=self._study)}
        for visit in Visit.objects.filter(subject__study=self._study):
            if visit.subject_id in keys:
                visit.subject = self._subjects[keys[visit.subject_id]]
                self._visits[(keys[visit.subject_id], visit.date)] = visit
        visits = {visit.pk: (key, visit) for key, visit in self._visits.items()}
        slugs = {site.pk: slug for slug, site in sites.items()}
        scans: dict[int, ScanKey] = {}
        for scan in Scan.objects.filter(site__in=list(slugs)).select_related("site"):
            if scan.visit_id in visits:
                (code, day), scan.visit = visits[scan.visit_id]
                key = (code, day, slugs[scan.site_id], scan.side)
                self._scans[key] = scan
                scans[scan.pk] = key
        takes = {}
        for take in Take.objects.filter(scan__site__in=list(slugs)):
            if take.scan_id in scans:
                take.scan = self._scans[scans[take.scan_id]]
                self._takes.setdefault(scans[take.scan_id], {})[take.number] = take
                takes[take.pk] = take
        images = Image.objects.filter(site__in=list(slugs)).select_related("calibration", "site")
        for image in images.iterator(chunk_size=2000):
            if image.take_id in takes:
                image.take, image.study = takes[image.take_id], self._study
                self._images.setdefault(image.take_id, {})[image.frame] = image
        self._names = {one.name for one in read}
        for one in read:
            self._group_frames.setdefault((self._key(one), one.unit.group), []).append(one)

    def place(self, read: ReadImage, site: Site) -> Place:
        """The take of an image, made if need be, and what is there.

        Raises:
            Refused: the subject withdrew consent, or the place holds other pixels.
        """
        subject, differences = self._subject(read)
        if subject.withdrawn_at is not None:
            raise Refused(f"subject {subject.code} withdrew consent: nothing more is taken in")
        take = self._take(read, self._scan(read, subject, site))
        if read.unit.placement.selected:
            self._chosen[take.scan.pk] = (take.scan, take, "selected in the manifest")
        elif take.scan.selected_take_id is None:
            self._chosen.setdefault(take.scan.pk, (take.scan, take, "first take"))
        existing = self._images.get(take.pk, {}).get(read.frame)
        if existing is not None and existing.pixel_sha256 != read.stored.pixel_sha256:
            raise Refused(
                f"{take}, frame {read.frame} holds other pixels already; give it another take or "
                "frame number"
            )
        return Place(take, existing, tuple(differences))

    def remember(self, read: ReadImage, image: Image) -> None:
        """Note an image that will be written."""
        self._images.setdefault(image.take.pk, {})[read.frame] = image

    def select_takes(self) -> None:
        """Write which take of each scan is selected."""
        for scan, take, reason in self._chosen.values():
            scan.selected_take, scan.selected_reason = take, reason
        Scan.objects.bulk_update(
            [scan for scan, _, _ in self._chosen.values()],
            ["selected_take", "selected_reason"],
            batch_size=500,
        )

    def _key(self, read: ReadImage) -> ScanKey:
        place = read.unit.placement
        return (place.subject, place.visit, place.site, place.side)

    def _subject(self, read: ReadImage) -> tuple[Subject, list[str]]:
        place = read.unit.placement
        fields: dict[str, Any] = dict(place.subject_fields)
        if "centre" in fields:
            fields["centre"] = self._centre(fields["centre"])
        subject = self._subjects.get(place.subject)
        if subject is None:
            subject = Subject.objects.create(study=self._study, code=place.subject, **fields)
            self._subjects[place.subject] = subject
            return subject, []
        missing = {name: value for name, value in fields.items() if not getattr(subject, name)}
        for name, value in missing.items():
            setattr(subject, name, value)
        if missing:
            subject.save(update_fields=list(missing))
        return subject, [
            f"subject {subject.code} has {name} {getattr(subject, name)} here and {value} in the "
            "manifest; the first stays"
            for name, value in fields.items()
            if getattr(subject, name) != value
        ]

    def _centre(self, name: str) -> Centre:
        if name not in self._centres:
            self._centres[name] = Centre.objects.create(study=self._study, name=name)
        return self._centres[name]

    def _scan(self, read: ReadImage, subject: Subject, site: Site) -> Scan:
        key = self._key(read)
        if key not in self._scans:
            self._scans[key] = Scan.objects.create(
                visit=self._visit(subject, read.unit.placement.visit), site=site, side=key[3]
            )
        return self._scans[key]

    def _visit(self, subject: Subject, day: date | None) -> Visit:
        key = (subject.code, day)
        if key not in self._visits:
            self._visits[key] = Visit.objects.create(subject=subject, date=day)
        return self._visits[key]

    def _take(self, read: ReadImage, scan: Scan) -> Take:
        """The take that is named; else the one the file came to before; else a new one."""
        key, place = self._key(read), read.unit.placement
        takes = self._takes.setdefault(key, {})
        if place.take is not None:
            return takes.get(place.take) or self._new_take(read, scan, place.take)
        group = (key, read.unit.group)
        if group not in self._groups:
            take = self._take_before(group) or self._new_take(read, scan, max(takes, default=0) + 1)
            self._claimed.add(take.pk)
            self._groups[group] = take
        return self._groups[group]

    def _take_before(self, group: tuple[ScanKey, str]) -> Take | None:
        """The take with the same pixels under the same name; else one whose file was renamed.

        Raises Refused where the name is known with other pixels.
        """
        renamed = None
        for take in self._takes.get(group[0], {}).values():
            images = self._images.get(take.pk, {})
            for read in self._group_frames[group]:
                image = images.get(read.frame)
                if image is None or take.pk in self._claimed:
                    continue
                same_pixels = image.pixel_sha256 == read.stored.pixel_sha256
                if image.original_name == read.name[:500]:
                    if same_pixels:
                        return take
                    raise Refused(
                        "was imported before with other pixels; give it another name, and use the "
                        "same mask and crop as before"
                    )
                if same_pixels and image.original_name not in self._names:
                    renamed = renamed or take
        return renamed

    def _new_take(self, read: ReadImage, scan: Scan, number: int) -> Take:
        frames = self._group_frames[(self._key(read), read.unit.group)]
        dynamic = len(frames) > 1 or read.frame > 0
        take = Take.objects.create(
            scan=scan,
            number=number,
            kind=Take.Kind.DYNAMIC if dynamic else Take.Kind.STATIC,
            **read.unit.placement.take_fields,
        )
        self._takes[self._key(read)][number] = take
        return take
