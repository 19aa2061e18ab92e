"""An import from its request to its report.

Everything is read, decoded, checked and put into the file store first; then one transaction
writes all rows. A process that is killed before it leaves files that nothing names, after it a
finished import: never half of one. A second run finds what the first one stored and goes on.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from django.db import transaction

from annotation.models import Image, Site, Study
from annotation.policies import is_admin, require_admin, require_member
from annotation.selectors.duplicates import lookalikes_of
from annotation.selectors.studies import known_study
from annotation.services import alignments, studies
from annotation.services import sites as site_services
from annotation.services.imports.finding import resolved
from annotation.services.imports.labels import LABEL_LENGTH, meant, near_label, table_of
from annotation.services.imports.listing import OUTLINES, ListedFile, listed
from annotation.services.imports.manifest import DEFAULT_NAME, Manifest, read_manifest
from annotation.services.imports.planning import Summary, Unit, planned
from annotation.services.imports.reading import Reader, ReadImage
from annotation.services.imports.report import ImportReport
from annotation.services.imports.request import REFERENCE, ImportRequest
from annotation.services.imports.spelling import settle
from annotation.services.imports.taking import Taker
from annotation.services.scans import StoredPixels
from core.decoding.names import UTF_8
from core.jobs import JobContext
from core.models import Job, User
from core.sandbox import Sandbox, SandboxPool
from core.services import jobs
from domain.errors import InvalidInput, NotAllowed
from domain.names import plain

KIND = "import"
PROGRESS_SECONDS = 0.5
MOST_PAIRS = 20_000_000
"""So many pairs of scans are compared at the end of an import: a minute or two."""
# Decoding and encoding of one file side by side with the next one's; more gains little.
WORKERS = min(2, os.cpu_count() or 1)

Progress = Callable[[float, str], None]
Publish = Callable[[], AbstractContextManager[None]]


def submit(request: ImportRequest, study_name: str, *, actor: User | None, upload: str = "") -> Job:
    """Queue an import into the study of that name, which it starts if it is not there.

    `upload`: a folder of the data directory that is removed when the import is over. A second
    import into a study that has one under way raises Conflict.
    """
    study = known_study(study_name)
    check_may_import(request, study, actor)
    study_name = study.name if study is not None else study_name
    params = {**request.to_params(), "study": study_name, "upload": upload}
    return jobs.submit(
        KIND, params, actor=actor, scope=study_name, exclusive=f"import into {study_name}"
    )


def run(context: JobContext) -> dict[str, object]:
    """The job: one import."""
    request = ImportRequest.from_params(context.params)
    report = import_files(
        request,
        str(context.params["study"]),
        actor=context.job.requested_by,
        progress=_shown(context),
        publish=context.publish,
    )
    return {"dry_run": request.dry_run, **report.as_json()}


def import_files(
    request: ImportRequest,
    study_name: str,
    *,
    actor: User | None,
    progress: Progress = lambda fraction, message: None,
    publish: Publish = transaction.atomic,
) -> ImportReport:
    """Import into the study of that name, which is started if it is not there.

    `publish` is the transaction in which the rows are written; a dry run has its own and rolls it
    back. Raises InvalidInput, NotAllowed or NotFound where nothing at all can be imported.
    """
    report = ImportReport()
    study = known_study(study_name)
    check_may_import(request, study, actor)
    with (
        SandboxPool(WORKERS) as pool,
        tempfile.TemporaryDirectory(prefix="myotrace-import-") as scratch,
    ):
        progress(0.0, "Looking through the files")
        units, manifest = _plan(request, pool, Path(scratch), report)
        units = settle(units, study, request, report)
        _check_partitions(units, study, actor)
        labels = _label_tables(units, study, request, manifest, report)
        read = _read_all(pool, request, labels, _stored(study), report, units, progress)
    progress(0.95, "Writing what was read")
    with _rolled_back() if request.dry_run else publish():
        study = study or studies.create(study_name, actor=actor)
        taker = Taker(study, request, _sites(study, labels, actor), actor, report)
        report.taken = taker.take(read)
    if not request.dry_run:
        progress(0.99, "Comparing with the scans of other subjects")
        warn_of_copies(study, taker.new_images, report)
    return report


def warn_of_copies(study: Study, images: list[Image], report: ImportReport) -> None:
    """Name new images that look like another subject's though their pixels differ."""
    others = Image.objects.filter(study=study)
    if len(images) * others.count() > MOST_PAIRS:
        report.notes.append(
            "So many scans are not compared here for copies under other subjects: run `lookalikes` "
            "when it suits. Sealing and training compare what they touch in any case."
        )
        return
    new = Image.objects.filter(pk__in=[image.pk for image in images])
    alignments.complete(new, others)
    found = lookalikes_of(new, others)
    alike = Image.objects.in_bulk({one.like_image for one in found.values()})
    for image in images:
        one = found.get(image.pk)
        if one is not None and alike[one.like_image].pixel_sha256 != image.pixel_sha256:
            report.warn(
                image.original_name,
                f"looks like image {one.like_image} of subject {one.like_subject}: a crop, copy or "
                "re-encoding of it? No model learns from it while that subject is held out",
            )


def check_may_import(request: ImportRequest, study: Study | None, actor: User | None) -> None:
    """Raise NotFound or NotAllowed where the actor may not; None is the command line.

    References from outside are an admin's word; whoever starts a study is its admin.
    """
    if request.state == REFERENCE and actor is None:
        raise NotAllowed("Name the admin who takes the outlines as references (--as USER).")
    if actor is None or study is None:
        return
    require_member(actor, study)
    if request.state == REFERENCE:
        require_admin(actor, study)


def _shown(context: JobContext) -> Progress:
    """Progress on the job's row, a few times a second; ends the job where it was cancelled."""
    last = [0.0]

    def progress(fraction: float, message: str) -> None:
        if time.monotonic() - last[0] >= PROGRESS_SECONDS:
            last[0] = time.monotonic()
            context.progress(fraction, message)
            context.raise_if_cancelled()

    return progress


@contextmanager
def _rolled_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


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
    if request.manifest:
        path = Path(request.manifest)
        if path.is_file():
            return resolved(read_manifest(ListedFile(path.name, path).read()), files)
        if request.manifest in files:
            return resolved(read_manifest(files[request.manifest].read()), files)
        raise InvalidInput(f"There is no manifest {request.manifest}.")
    if not request.site and not request.pattern and DEFAULT_NAME in files:
        return resolved(read_manifest(files[DEFAULT_NAME].read()), files)
    return None


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


def _check_partitions(units: list[Unit], study: Study | None, actor: User | None) -> None:
    given = any(unit.placement.partition for unit in units)
    if given and actor is not None and study is not None and not is_admin(actor, study):
        raise NotAllowed(
            "The manifest gives partitions, which only an admin may do. Leave its column "
            "'partition' out."
        )


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
                f"{sites}). Mend the name, or create it (--create-site)."
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
    report: ImportReport,
    units: list[Unit],
    progress: Progress,
) -> list[ReadImage]:
    def images(sandbox: Sandbox, unit: Unit) -> list[ReadImage]:
        return Reader(sandbox, request, labels, stored, report).read(unit)

    read: list[ReadImage] = []
    for number, found in enumerate(pool.map(images, units), 1):
        read.extend(found)
        progress(0.05 + 0.9 * number / len(units), f"Reading file {number} of {len(units)}")
    return read


def _sites(
    study: Study, labels: Mapping[str, Mapping[str, str]], actor: User | None
) -> dict[str, Site]:
    """The sites of the import, made where they are new."""
    found = {site.slug: site for site in study.sites.filter(slug__in=list(labels))}
    for slug, table in labels.items():
        if slug not in found:
            found[slug] = site_services.create(
                study, slug, list(table.values()), actor=actor, plane=_plane(slug)
            )
    return found
