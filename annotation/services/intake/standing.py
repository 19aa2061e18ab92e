"""Where frames go: subjects, visits, scans and takes, found in the study or begun in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Model

from annotation.models import (
    Centre,
    Image,
    Scan,
    Site,
    Study,
    Subject,
    Take,
    Visit,
)
from annotation.selectors.locks import sealed_images
from annotation.services.intake.batch import Frame, ScanKey
from domain import names
from domain.errors import Refused
from domain.names import identity
from domain.sex import sex_from

FIRST_TAKE = "first take"
SELECTED = "selected in the manifest"


@dataclass(frozen=True)
class Place:
    """The take of a frame, and the image that is there already."""

    take: Take
    image: Image | None


class Standing:
    """What the study has of the subjects of a batch: read with few statements, then answered from
    memory. Rows that are begun here have no key until `writing` gives them one.

    `held`: keep the rows from changing until the end of the transaction.
    """

    def __init__(
        self, study: Study, sites: Mapping[str, Site], frames: Sequence[Frame], *, held: bool
    ) -> None:
        self._study = study
        self._sites = sites
        self._subjects: dict[str, Subject] = {}
        self._centres: dict[str, Centre] = {}
        self._visits: dict[tuple[str, date | None], Visit] = {}
        self._scans: dict[ScanKey, Scan] = {}
        self._takes: dict[ScanKey, dict[int, Take]] = {}
        self._images: dict[tuple[ScanKey, int], dict[int, Image]] = {}
        self._groups: dict[tuple[ScanKey, str], Take] = {}
        self._frames_of: dict[tuple[ScanKey, str], list[Frame]] = {}
        self._claimed: set[int] = set()
        self._sealed: set[int] = set()
        self._names = {frame.name for frame in frames}
        for frame in frames:
            self._frames_of.setdefault((frame.scan_key, frame.group), []).append(frame)
        if study.pk is not None:
            self._load({identity(frame.subject) for frame in frames}, held)

    def _load(self, identities: set[str], held: bool) -> None:
        subjects = Subject.objects.filter(study=self._study, identity__in=identities).order_by("pk")
        if held:
            list(subjects.select_for_update())
        self._subjects = {
            row.identity: row for row in subjects.select_related("centre", "partition")
        }
        self._centres = {row.identity: row for row in Centre.objects.filter(study=self._study)}
        by_key = {row.pk: row for row in self._subjects.values()}
        visits: dict[int, Visit] = {}
        for visit in Visit.objects.filter(subject__in=by_key):
            visit.subject = by_key[visit.subject_id]
            visits[visit.pk] = self._visits[(visit.subject.identity, visit.date)] = visit
        self._load_scans(visits)

    def _load_scans(self, visits: Mapping[int, Visit]) -> None:
        slugs = {site.pk: slug for slug, site in self._sites.items() if site.pk is not None}
        keys: dict[int, ScanKey] = {}
        for scan in Scan.objects.filter(visit__in=visits, site__in=slugs):
            scan.visit, scan.site = visits[scan.visit_id], self._sites[slugs[scan.site_id]]
            key = (scan.visit.subject.identity, scan.visit.date, slugs[scan.site_id], scan.side)
            self._scans[key], keys[scan.pk] = scan, key
        takes: dict[int, Take] = {}
        for take in Take.objects.filter(scan__in=keys):
            take.scan = self._scans[keys[take.scan_id]]
            self._takes.setdefault(keys[take.scan_id], {})[take.number] = take
            takes[take.pk] = take
        for image in Image.objects.filter(take__in=takes).select_related("calibration"):
            image.take, image.study = takes[image.take_id], self._study
            image.site, image.subject = image.take.scan.site, image.take.scan.visit.subject
            place = (keys[image.take.scan_id], image.take.number)
            self._images.setdefault(place, {})[image.frame] = image
        sealed = sealed_images().filter(image__take__in=takes)
        self._sealed = set(sealed.values_list("image__take__scan", flat=True))

    def is_sealed(self, scan: Scan) -> bool:
        """Whether a locked test set holds an image of the scan."""
        return scan.pk in self._sealed

    def subject(self, code: str) -> Subject:
        """The subject of that code, begun if there is none.

        Raises InvalidInput for a code that cannot be one, Refused where the subject withdrew.
        """
        code = names.subject_code(code)
        subject = self._subjects.setdefault(identity(code), Subject(study=self._study, code=code))
        if subject.withdrawn_at is not None:
            raise Refused(f"Subject {code} withdrew consent: nothing more is taken in.")
        return subject

    def place(self, frame: Frame) -> Place:
        """The take of a frame, begun if need be, and what is there.

        Raises Refused where the subject withdrew consent, or the place holds other pixels.
        """
        subject = self.subject(frame.subject)
        take = self._take(frame, self._scan(frame, subject))
        existing = self._images.get((frame.scan_key, take.number), {}).get(frame.frame)
        if existing is not None and existing.erased_at is not None:
            raise Refused("its subject withdrew consent: it is not taken in again")
        if existing is not None and existing.pixel_sha256 != frame.stored.pixel_sha256:
            raise Refused(
                f"{take}, frame {frame.frame} holds other pixels already; give the new picture "
                "another take or frame number"
            )
        return Place(take, existing)

    def remember(self, frame: Frame, image: Image) -> None:
        """Note an image that will be written."""
        self._images.setdefault((frame.scan_key, image.take.number), {})[frame.frame] = image

    def describe(self, subject: Subject, fields: Mapping[str, Any]) -> tuple[list[str], list[str]]:
        """Fill in what the study did not know of a subject; answers the names of those fields, and
        what differs, in words: what stands here stays."""
        filled, differences = [], []
        for name, given in fields.items():
            value = self._kept(name, given)
            here = getattr(subject, name)
            if here in (None, ""):
                setattr(subject, name, value)
                filled.append(name)
            elif here != value:
                differences.append(
                    f"subject {subject.code} has {name} {here} here and {value} in the import; the "
                    "first stays"
                )
        return filled, differences

    def _kept(self, name: str, given: Any) -> Any:
        if name == "sex":
            return sex_from(given)
        return self._centre(given) if name == "centre" else given

    def _centre(self, name: str) -> Centre:
        return self._centres.setdefault(identity(name), Centre(study=self._study, name=name))

    def _scan(self, frame: Frame, subject: Subject) -> Scan:
        key = frame.scan_key
        if key not in self._scans:
            visit = self._visits.setdefault(
                (frame.scan_key[0], frame.visit), Visit(subject=subject, date=frame.visit)
            )
            self._scans[key] = Scan(visit=visit, site=self._sites[frame.site], side=frame.side)
        return self._scans[key]

    def _take(self, frame: Frame, scan: Scan) -> Take:
        """The take that is named; else the one the file came to before; else a new one."""
        takes = self._takes.setdefault(frame.scan_key, {})
        if frame.take is not None:
            return takes.get(frame.take) or self._new_take(frame, scan, frame.take)
        group = (frame.scan_key, frame.group)
        if group not in self._groups:
            take = self._take_before(group) or self._new_take(
                frame, scan, max(takes, default=0) + 1
            )
            self._claimed.add(id(take))
            self._groups[group] = take
        return self._groups[group]

    def _take_before(self, group: tuple[ScanKey, str]) -> Take | None:
        """The take with the same pixels under the same name; else one whose file was renamed.

        Raises Refused where the name is known with other pixels.
        """
        renamed = None
        key = group[0]
        for take in self._takes.get(key, {}).values():
            images = self._images.get((key, take.number), {})
            for frame in self._frames_of[group]:
                image = images.get(frame.frame)
                if image is None or image.pk is None or id(take) in self._claimed:
                    continue
                same_pixels = image.pixel_sha256 == frame.stored.pixel_sha256
                if image.original_name == frame.name[:500]:
                    if same_pixels:
                        return take
                    raise Refused(
                        "was imported before with other pixels; give it another name, and use the "
                        "same mask and crop as before"
                    )
                if same_pixels and image.original_name not in self._names:
                    renamed = renamed or take
        return renamed

    def _new_take(self, frame: Frame, scan: Scan, number: int) -> Take:
        take = Take(scan=scan, number=number, **frame.take_fields)
        self._takes[frame.scan_key][number] = take
        return take


def adopt(begun: Model, made: Model) -> None:
    """Let an object that other rows refer to be the row that was made."""
    begun.__dict__.update(made.__dict__)
