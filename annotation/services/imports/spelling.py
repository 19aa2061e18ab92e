"""One spelling for each name of an import: the study's, else the first one that comes.

Names of one identity are one, and the report says where they were spelled otherwise. Names that
are only near are told, for people to say whether they are one (`ImportRequest.same`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from annotation.models import Centre, Membership, Study, Subject, Take
from annotation.selectors.work import authors_of
from annotation.services.imports.planning import Unit
from annotation.services.imports.report import ImportReport
from annotation.services.imports.request import READER, SITE, SUBJECT, ImportRequest
from domain.names import difference, identity, near, plain, skeleton

FIELDS = (SUBJECT, SITE, READER, "centre", "cohort", "operator", "device", "preset")


class _Names:
    """The names of one field: those of the study, then those of the import as they come."""

    def __init__(self, known: Iterable[str], same: Mapping[str, str]) -> None:
        self.known = [name for name in known if name]
        self._spelled = {identity(name): name for name in reversed(self.known)}
        self._same = {identity(one): other for one, other in same.items()}

    def settled(self, written: str) -> tuple[str, str]:
        """How a name is spelled here, and what is to be said about it; empty: nothing."""
        name = plain(written)
        meant = self._same.get(identity(name))
        if meant is not None:
            name = plain(meant)
        spelled = self._spelled.setdefault(identity(name), name)
        if meant is not None or spelled == name:
            return spelled, ""
        return spelled, f"{name!r} and {spelled!r} differ by {difference(name, spelled)}"


def settle(
    units: list[Unit], study: Study | None, request: ImportRequest, report: ImportReport
) -> list[Unit]:
    """The units with each name in one spelling, without those of a site that must be asked for."""
    names = {field: _Names(_known(field, study), _same(request, field)) for field in FIELDS}
    for unit in units:
        for field in FIELDS:
            _settle_field(unit, field, names[field], report)
        _settle_readers(unit, names[READER], report)
    _ask(SUBJECT, _subjects_near(units, names[SUBJECT].known), units, report)
    _ask(READER, _readers_near(units, names[READER].known), units, report)
    return _without_near_sites(units, names[SITE].known, request, report)


def _settle_field(unit: Unit, field: str, names: _Names, report: ImportReport) -> None:
    written = getattr(unit.placement, field)
    if not written:
        return
    spelled, why = names.settled(written)
    change: dict[str, Any] = {field: spelled}
    unit.placement = replace(unit.placement, **change)
    if why:
        report.warn(unit.name, f"{field} {why}: one {field}, taken as {spelled!r}")


def _settle_readers(unit: Unit, names: _Names, report: ImportReport) -> None:
    for number, document in enumerate(unit.documents):
        if document.reader:
            spelled, why = names.settled(document.reader)
            unit.documents[number] = replace(document, reader=spelled)
            if why:
                report.warn(document.file.name, f"reader {why}: one person, taken as {spelled!r}")


def _known(field: str, study: Study | None) -> list[str]:
    """The spellings of a study."""
    if study is None:
        return []
    subjects = Subject.objects.filter(study=study)
    takes = Take.objects.filter(scan__site__study=study).order_by()
    rows = {
        SUBJECT: subjects.values_list("code", flat=True),
        SITE: study.sites.values_list("slug", flat=True),
        READER: _people(study),
        "centre": Centre.objects.filter(study=study).values_list("name", flat=True),
        "cohort": subjects.order_by().values_list("cohort", flat=True).distinct(),
    }
    found = rows[field] if field in rows else takes.values_list(field, flat=True).distinct()
    return sorted(found)


def _people(study: Study) -> set[str]:
    """The members of a study and whoever outlined in it."""
    members = Membership.objects.filter(study=study).values_list("user__username", flat=True)
    return {*members, *authors_of(study)}


def _same(request: ImportRequest, field: str) -> dict[str, str]:
    return {one: other for kind, one, other in request.same if kind == field}


def _subjects_near(units: Sequence[Unit], known: Sequence[str]) -> dict[str, str]:
    """Each code of the import that is near another, with that: the study's, else an earlier."""
    first = {skeleton(code): code for code in reversed(known)}
    found = {}
    for code in dict.fromkeys(unit.placement.subject for unit in units):
        other = first.setdefault(skeleton(code), code)
        if other != code and skeleton(code) and code not in known:
            found[code] = other
    return found


def _readers_near(units: Sequence[Unit], known: Sequence[str]) -> dict[str, str]:
    readers = dict.fromkeys(
        reader
        for unit in units
        for reader in (unit.placement.reader, *(one.reader for one in unit.documents))
        if reader
    )
    return _near_new(readers, known)


def _near_new(names: Iterable[str], known: Sequence[str]) -> dict[str, str]:
    """Each name that is not known and is near one that is, or near an earlier one."""
    seen, found = list(known), {}
    for name in names:
        if name in seen:
            continue
        other = next((one for one in seen if near(name, one)), None)
        if other is not None:
            found[name] = other
        seen.append(name)
    return found


def _ask(field: str, found: Mapping[str, str], units: Sequence[Unit], report: ImportReport) -> None:
    """Put names that are near into the report, beside each file that has them."""
    for name, other in found.items():
        report.ask(field, name, other)
    for unit in units:
        named = {unit.name: getattr(unit.placement, field)}
        if field == READER:
            named = {document.file.name: document.reader for document in unit.documents}
        for path, name in named.items():
            if name in found:
                report.warn(
                    path,
                    f"{field} {name!r} is spelled almost like {found[name]!r} and is taken as "
                    "another; if it is the same, say so and preview again",
                )


def _without_near_sites(
    units: list[Unit], known: Sequence[str], request: ImportRequest, report: ImportReport
) -> list[Unit]:
    """Refuse what would start a site whose name is almost that of another."""
    wanted = [request.site] if request.create_site else []
    found = _near_new(dict.fromkeys(unit.placement.site for unit in units), [*known, *wanted])
    for name, other in found.items():
        report.ask(SITE, name, other)
    kept = []
    for unit in units:
        site = unit.placement.site
        if site not in found:
            kept.append(unit)
            continue
        reason = (
            f"there is no site {site!r}, and it is spelled almost like {found[site]!r}: say that "
            "the two are the same, mend the name, or add the site first"
        )
        for path in (unit.name, *(document.file.name for document in unit.documents)):
            report.refuse(path, reason)
    return kept
