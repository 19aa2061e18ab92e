"""An import from its request to its report.

Everything is read, decoded, checked and put into the file store first; then the intake takes it in,
some scans a transaction (`services.intake`). A process that is killed in between leaves whole scans
and files that nothing names: a second run finds what is there and takes the rest.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from django.db import transaction

from annotation.models import Image, Site, Study
from annotation.selectors.imports import KIND
from annotation.selectors.studies import known_study
from annotation.services.imports.copies import (
    keep_alignments,
    warn_of_copies,
    warn_of_shared_pixels,
)
from annotation.services.imports.finding import own_manifest, resolved, root_of
from annotation.services.imports.framing import frames_of
from annotation.services.imports.greys import grey_maxima
from annotation.services.imports.labels import LABEL_LENGTH, meant, near_label, table_of
from annotation.services.imports.listing import OUTLINES, ListedFile, listed
from annotation.services.imports.manifest import Manifest, read_manifest
from annotation.services.imports.pictures import Pictures, folder_of
from annotation.services.imports.planning import Summary, Unit, planned
from annotation.services.imports.reading import Reader, ReadImage
from annotation.services.imports.report import ImportReport
from annotation.services.imports.request import ImportRequest
from annotation.services.imports.rows import scan_rows
from annotation.services.imports.spelling import settle
from annotation.services.intake.batch import IMPORTED, Frame, NewSite, Outcome
from annotation.services.intake.running import Intake, Publish
from annotation.services.scans import StoredPixels
from core.decoding.names import UTF_8
from core.jobs import JobContext
from core.models import Job, User
from core.sandbox import Sandbox, SandboxPool
from core.services import jobs
from domain.errors import InvalidInput
from domain.names import plain

PROGRESS_SECONDS = 0.5
READ = 0.6
"""The share of an import's progress that reading is."""
# Decoding and encoding of one file side by side with the next one's; more gains little.
WORKERS = min(2, os.cpu_count() or 1)

Progress = Callable[[float, str], None]


def submit(request: ImportRequest, study_name: str, *, actor: User | None, upload: str = "") -> Job:
    """Queue an import into the study of that name, which its first scan starts.

    `upload`: a folder of the data directory that is removed when the import is over. Two imports
    into a study may be under way at once: each scan comes in once.
    """
    study = known_study(study_name)
    check_may_import(request, study, actor)
    study_name = study.name if study is not None else study_name
    params = {**request.to_params(), "study": study_name, "upload": upload}
    return jobs.submit(KIND, params, actor=actor, scope=study_name)


def run(context: JobContext) -> dict[str, object]:
    """The job: one import. One that ends early leaves its report of what was taken."""
    request = ImportRequest.from_params(context.params)
    report = ImportReport()
    try:
        import_files(
            request,
            str(context.params["study"]),
            actor=context.job.requested_by,
            progress=_shown(context),
            publish=context.publish,
            report=report,
            pictures=_pictures(context, request),
        )
    except Exception:
        if report.taken:
            context.keep({"dry_run": request.dry_run, **report.as_json()})
        raise
    return {"dry_run": request.dry_run, **report.as_json()}


def _pictures(context: JobContext, request: ImportRequest) -> Pictures | None:
    """Where a preview of uploaded files keeps its pictures."""
    upload = str(context.params.get("upload", ""))
    return Pictures(folder_of(upload, context.job.pk)) if request.dry_run and upload else None


def import_files(
    request: ImportRequest,
    study_name: str,
    *,
    actor: User | None,
    progress: Progress = lambda fraction, message: None,
    publish: Publish = transaction.atomic,
    report: ImportReport | None = None,
    pictures: Pictures | None = None,
) -> ImportReport:
    """Import into the study of that name, which its first scan starts if it is not there.

    `publish` is a transaction in which some scans are written; a dry run has none. Where the import
    ends early, `report` says what was taken by then. Raises InvalidInput, NotAllowed or NotFound
    where nothing at all can be imported.
    """
    report = ImportReport() if report is None else report
    study = known_study(study_name)
    check_may_import(request, study, actor)
    with (
        SandboxPool(WORKERS) as pool,
        tempfile.TemporaryDirectory(prefix="myotrace-import-") as scratch,
    ):
        progress(0.0, "Looking through the files")
        units, manifest = _plan(request, pool, Path(scratch), report)
        units = settle(units, study, request, report)
        labels = _label_tables(units, study, request, manifest, report)
        maxima = grey_maxima(pool, units, study, report)
        read = _read_all(
            pool, request, labels, _stored(study), maxima, report, units, progress, pictures
        )
    frames = frames_of(read, study, report)
    intake = Intake(
        study or Study(name=study_name),
        frames,
        actor=actor,
        state=request.state,
        new_sites=_new_sites(study, labels, frames),
    )
    progress(READ, "Comparing with the scans of other subjects")
    warn_of_shared_pixels(study, frames, report)
    warn_of_copies(study, frames, report)
    outcomes: list[Outcome] = []
    try:
        for batch in iter([intake.preview()]) if request.dry_run else intake.take(publish):
            _note(batch, outcomes, report)
            report.taken = dict(intake.counts)
            progress(
                READ + (1 - READ) * len(outcomes) / max(len(frames), 1),
                f"Taken in: {len(outcomes)} of {len(frames)} pictures",
            )
    finally:
        _say_what_is_left(frames, outcomes, report)
        report.scans = scan_rows(outcomes, units, report)
    if not request.dry_run:
        _keep_alignments(outcomes)
    return report


def _keep_alignments(outcomes: Sequence[Outcome]) -> None:
    new = [one.image for one in outcomes if one.status == IMPORTED and one.image is not None]
    if new:
        keep_alignments(new[0].study, new)


def _note(batch: Sequence[Outcome], outcomes: list[Outcome], report: ImportReport) -> None:
    for outcome in batch:
        report.end(outcome)
    outcomes.extend(batch)


def _say_what_is_left(
    frames: Sequence[Frame], outcomes: Sequence[Outcome], report: ImportReport
) -> None:
    """Name what an import that ends early has not come to."""
    done = {id(outcome.frame) for outcome in outcomes}
    for frame in frames:
        if id(frame) not in done:
            for name in (frame.name, *(one.name for one in frame.outlines)):
                report.refuse(name, "the import ended before it came in; import again")


def check_may_import(request: ImportRequest, study: Study | None, actor: User | None) -> None:
    """Raise NotFound or NotAllowed where the actor may not; None is the command line."""
    Intake(study or Study(), (), actor=actor, state=request.state)


def _shown(context: JobContext) -> Progress:
    """Progress on the job's row, a few times a second; ends the job where it was cancelled."""
    last = [0.0]

    def progress(fraction: float, message: str) -> None:
        if time.monotonic() - last[0] >= PROGRESS_SECONDS:
            last[0] = time.monotonic()
            context.progress(fraction, message)
            context.raise_if_cancelled()

    return progress


def _plan(
    request: ImportRequest, pool: SandboxPool, scratch: Path, report: ImportReport
) -> tuple[list[Unit], Manifest | None]:
    source = Path(request.source)
    (files,) = pool.map(
        lambda sandbox, path: listed(path, sandbox, scratch, encoding=request.encoding), [source]
    )
    report.notes.extend(_how_names_were_read(files))
    manifest = _manifest(request, files)
    if manifest is not None:
        report.notes.extend(manifest.warnings)
    summaries = _summaries(files, manifest, request, pool, report)
    units = planned(files, summaries, manifest, request, report)
    if not units and not report.files:
        raise InvalidInput(
            "There is no image, clip or LabelMe file in it. Import a folder or a zip archive of "
            "them."
        )
    return units, manifest


def _how_names_were_read(files: Mapping[str, ListedFile]) -> list[str]:
    """What to say where names are not UTF-8, so that their encoding was guessed or told."""
    odd = [file for file in files.values() if file.names_in != UTF_8 and not file.name.isascii()]
    if not odd:
        return []
    return [
        f"Names of files are not in UTF-8; they were read as {odd[0].names_in}, such as "
        f"{odd[0].name}. If they should read otherwise, say the encoding and import again."
    ]


def _manifest(request: ImportRequest, files: Mapping[str, ListedFile]) -> Manifest | None:
    """The manifest that is named, on disk or in the import; else the import's own."""
    path = Path(request.manifest) if request.manifest else None
    if path is not None and path.is_file():
        name, data = "", ListedFile(path.name, path).read()
    else:
        name = request.manifest
        if not name and not request.site and not request.pattern:
            name = own_manifest(files)
        if not name:
            return None
        if name not in files:
            raise InvalidInput(f"There is no manifest {name}.")
        data = files[name].read()
    return resolved(read_manifest(data, request.encoding), files, root_of(name, files))


def _summaries(
    files: Mapping[str, ListedFile],
    manifest: Manifest | None,
    request: ImportRequest,
    pool: SandboxPool,
    report: ImportReport,
) -> dict[str, Summary]:
    """What each LabelMe file says about itself; what is none is refused."""
    named = {row.labelme for row in manifest.rows} if manifest else set()
    only_named = manifest is not None and manifest.names_outlines
    wanted = [
        file
        for name, file in files.items()
        if name in named or (file.kind == OUTLINES and not only_named)
    ]

    def summary(sandbox: Sandbox, file: ListedFile) -> Summary | None:
        try:
            reply = sandbox.call(
                "annotation.decoding.read", file.read(), encoding=request.encoding or None
            )
        except InvalidInput as error:
            report.refuse(file.name, error.message)
            return None
        report.warn(file.name, *(str(warning) for warning in reply.result["warnings"]))
        return Summary(
            image_path=reply.result["image_path"],
            width=reply.result["width"],
            height=reply.result["height"],
            has_image=bool(reply.result["has_image"]),
            labels=tuple(str(label) for label in reply.result["labels"]),
        )

    found = zip(wanted, pool.map(summary, wanted), strict=True)
    return {file.name: one for file, one in found if one is not None}


def _label_tables(
    units: list[Unit],
    study: Study | None,
    request: ImportRequest,
    manifest: Manifest | None,
    report: ImportReport,
) -> dict[str, dict[str, str]]:
    """By site the label that each label or alias in the files means; a new site takes what comes.

    Raises:
        InvalidInput: the site is unknown and is not to be created.
    """
    known = {site.slug: site for site in study.sites.all()} if study else {}
    tables: dict[str, dict[str, str]] = {}
    for unit in units:
        slug = unit.placement.site
        if slug in known:
            if slug not in tables:
                tables[slug] = table_of(known[slug])
            continue
        if manifest is None and not request.create_site:
            sites = ", ".join(known) or "none yet"
            raise InvalidInput(
                f"The study {study.name if study else ''} has no site {slug!r} (its sites: "
                f"{sites}). Mend the name, or add it as a new site."
            )
        table = tables.setdefault(slug, {})
        for document in unit.documents:
            for label in document.summary.labels:
                if len(label) > LABEL_LENGTH:
                    report.warn(document.file.name, f"the label {label[:20]!r}... is too long")
                elif not meant(label, table):
                    near = near_label(label, table)
                    table[label] = plain(label)
                    if near:
                        report.warn(
                            document.file.name,
                            f"the new site {slug} gets the labels {near!r} and {label!r}, spelled "
                            "almost alike; if they are one, merge them on its page",
                        )
    for slug in sorted(set(tables) - set(known)):
        named = ", ".join(tables[slug]) or "no labels yet"
        report.notes.append(
            f"The site {slug} is new, with {named}, as a {_plane(slug)} site; look at its page."
        )
    return tables


def _plane(slug: str) -> str:
    """The plane of a new site, by its name; an admin can change it."""
    return Site.Plane.LONGITUDINAL if "longitudinal" in slug else Site.Plane.TRANSVERSE


def _stored(study: Study | None) -> dict[str, StoredPixels]:
    """The pixels that a study keeps, by their hash."""
    images = Image.objects.filter(study=study, erased_at__isnull=True)
    rows = images.values_list("width", "height", "pixel_sha256", "file_sha256")
    return {row[2]: StoredPixels(*row) for row in rows.iterator(chunk_size=5000)} if study else {}


def _read_all(
    pool: SandboxPool,
    request: ImportRequest,
    labels: Mapping[str, Mapping[str, str]],
    stored: Mapping[str, StoredPixels],
    maxima: Mapping[str, int],
    report: ImportReport,
    units: list[Unit],
    progress: Progress,
    pictures: Pictures | None,
) -> list[ReadImage]:
    def images(sandbox: Sandbox, unit: Unit) -> list[ReadImage]:
        return Reader(sandbox, request, labels, stored, maxima, report, pictures).read(unit)

    read: list[ReadImage] = []
    for number, found in enumerate(pool.map(images, units), 1):
        read.extend(found)
        progress(
            0.05 + (READ - 0.05) * number / len(units), f"Reading file {number} of {len(units)}"
        )
    return read


def _new_sites(
    study: Study | None,
    labels: Mapping[str, Mapping[str, str]],
    frames: Sequence[Frame],
) -> list[NewSite]:
    """The sites that the study lacks, with the labels of the outlines that could be read."""
    known = set(study.sites.values_list("slug", flat=True)) if study else set()
    used: dict[str, dict[str, None]] = {slug: {} for slug in labels if slug not in known}
    for frame in frames:
        for one in frame.outlines:
            if frame.site in used:
                used[frame.site].update(dict.fromkeys(one.labels))
    return [NewSite(slug, _plane(slug), tuple(names)) for slug, names in used.items()]
