"""Addresses of this app's pages. `study` is a study's name: see `annotation.middleware`."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from annotation.views import (
    agreement,
    audit,
    board,
    editor,
    help,
    home,
    images,
    imports,
    jobs,
    lock,
    measurements,
    members,
    queue,
    scale,
    settings,
    sites,
    subjects,
)

app_name = "annotation"

STUDY = "studies/<slug:study>/"
IMAGE = STUDY + "images/<int:image_id>/"
SITE = STUDY + "sites/<slug:slug>/"
IMPORT = STUDY + "imports/<uuid:job_id>/"
JOB = STUDY + "jobs/<uuid:job_id>/"

entrance: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("new-study/", home.new_study, name="new_study"),
    path(STUDY + "enter/", home.enter, name="enter"),
    path(STUDY + "help/", help.help_page, name="help"),
]

work: list[URLPattern | URLResolver] = [
    path(STUDY + "queue/", queue.queue, name="queue"),
    path(STUDY + "board/", board.board, name="board"),
    path(STUDY + "board/next/", board.next_review, name="next_review"),
    path(STUDY + "images/", images.images, name="images"),
    path(STUDY + "images.csv", images.export, name="images_csv"),
    path(IMAGE, images.image, name="image"),
    path(STUDY + "scale/", scale.scale, name="scale"),
    path(STUDY + "agreement/", agreement.agreement, name="agreement"),
    path(STUDY + "subjects/", subjects.subjects, name="subjects"),
    path(STUDY + "subjects/<path:code>/", subjects.subject, name="subject"),
    path(STUDY + "measurements/", measurements.measurements, name="measurements"),
    path(STUDY + "measurements.csv", measurements.export, name="measurements_csv"),
]

management: list[URLPattern | URLResolver] = [
    path(STUDY + "sites/", sites.sites, name="sites"),
    path(STUDY + "new-site/", sites.new_site, name="new_site"),
    path(SITE, sites.site, name="site"),
    path(
        SITE + "examples/<int:example_id>/withdraw/",
        sites.withdraw_example,
        name="withdraw_example",
    ),
    path(STUDY + "members/", members.members, name="members"),
    path(STUDY + "members/change/", members.change_member, name="change_member"),
    path(STUDY + "members/renew/", members.renew_invitation, name="renew_invitation"),
    path(STUDY + "settings/", settings.settings, name="settings"),
    path(STUDY + "lock/", lock.locked, name="lock"),
    path(STUDY + "imports/", imports.imports, name="imports"),
    path(IMPORT, imports.one_import, name="import"),
    path(IMPORT + "again/", imports.preview_again, name="preview_import"),
    path(IMPORT + "take/", imports.take, name="take_import"),
    path(IMPORT + "aliases/", imports.aliases, name="import_aliases"),
    path(IMPORT + "answers/", imports.answers, name="import_answers"),
    path(IMPORT + "pictures/<slug:key>.jpg", imports.picture, name="import_picture"),
    path(IMPORT + "names/", imports.names, name="import_names"),
    path(STUDY + "jobs/", jobs.jobs, name="jobs"),
    path(JOB, jobs.job, name="job"),
    path(JOB + "cancel/", jobs.cancel, name="cancel_job"),
    path(STUDY + "audit/", audit.audit, name="audit"),
]

editing: list[URLPattern | URLResolver] = [
    path("next", editor.next_scan, name="next"),
    path(STUDY + "left/", editor.left, name="left"),
    path(IMAGE + "edit/", editor.edit, name="edit"),
    path(STUDY + "annotations/<int:annotation_id>/review/", editor.review, name="review"),
]

urlpatterns = [*entrance, *editing, *work, *management]
