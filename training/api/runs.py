"""POST runs/, GET runs/{id}/ and POST runs/{id}/cancel: training runs, for a study's admins."""

from __future__ import annotations

from rest_framework import serializers, status
from rest_framework.response import Response

from annotation.api.studies import asked_study
from annotation.models import Study
from annotation.policies import is_admin
from annotation.selectors.studies import site_named
from core.api.authentication import UserRequest
from core.api.pagination import PARAMETERS, Pages
from core.api.views import ApiView, StrictSerializer, check_study, takes, validated
from domain.errors import NotFound
from training.models import Run
from training.selectors import runs as run_selector
from training.services import runs


class StartSerializer(StrictSerializer):
    """What is trained, and how; settings that are left out have the backend's defaults."""

    study = serializers.SlugField(required=False, help_text="or in the address")
    site = serializers.SlugField()
    backend = serializers.CharField(max_length=20, required=False, help_text="default: the site's")
    settings = serializers.DictField(required=False, default=dict)


class EpochSerializer(serializers.Serializer[None]):
    """One epoch of the curve."""

    number = serializers.IntegerField()
    train_loss = serializers.FloatField()
    validation_loss = serializers.FloatField(allow_null=True)
    validation_dice = serializers.FloatField(allow_null=True)
    learning_rate = serializers.FloatField(allow_null=True)
    seconds = serializers.FloatField()


class RunSerializer(serializers.Serializer[None]):
    """A run: its state is its job's, its result a model."""

    run = serializers.IntegerField()
    study = serializers.CharField()
    site = serializers.CharField()
    job = serializers.UUIDField()
    state = serializers.CharField()
    error = serializers.CharField()
    model = serializers.CharField(allow_null=True)
    backend = serializers.CharField()
    settings = serializers.JSONField()
    seed = serializers.IntegerField()
    trigger = serializers.CharField()
    snapshot = serializers.CharField()
    images = serializers.IntegerField()
    left_out = serializers.IntegerField()
    epochs = serializers.IntegerField()
    best_validation_dice = serializers.FloatField(allow_null=True)
    seconds = serializers.FloatField(allow_null=True)
    attempts = serializers.IntegerField()


class RunDetailSerializer(RunSerializer):
    """A run with its curve."""

    curve = EpochSerializer(many=True)


class RunListView(ApiView):
    """The runs of a study, newest first; a POST starts one."""

    @takes(*PARAMETERS, responses=RunSerializer(many=True))
    def get(self, request: UserRequest) -> Response:
        study = _administered_study(request)
        pages = Pages()
        page: list[Run] = pages.paginate_queryset(run_selector.of_study(study), request) or []
        return pages.get_paginated_response([run_selector.as_json(run) for run in page])

    @takes(body=StartSerializer, responses={201: RunSerializer})
    def post(self, request: UserRequest) -> Response:
        study = _administered_study(request, in_body=True)
        given = validated(request, StartSerializer)
        site = site_named(study, given["site"])
        backend = given.get("backend") or runs.default_backend(site)
        run = runs.start(site, backend, given["settings"], request.user)
        return Response(run_selector.as_json(run), status=status.HTTP_201_CREATED)


class RunView(ApiView):
    """One run with its curve so far."""

    @takes(responses=RunDetailSerializer)
    def get(self, request: UserRequest, run_id: int) -> Response:
        run = _run_of(request, run_id)
        return Response({**run_selector.as_json(run), "curve": run_selector.epochs_as_json(run)})


class RunCancelView(ApiView):
    """Ask a run to stop; it does within ten seconds and keeps its last checkpoint."""

    @takes(responses=RunSerializer)
    def post(self, request: UserRequest, run_id: int) -> Response:
        run = _run_of(request, run_id)
        runs.cancel(run, request.user)
        run.job.refresh_from_db()
        return Response(run_selector.as_json(run))


def _administered_study(request: UserRequest, *, in_body: bool = False) -> Study:
    study = asked_study(request, in_body=in_body)
    if not is_admin(request.user, study):
        raise NotFound("There is no such study, or you do not administer it.")
    return study


def _run_of(request: UserRequest, run_id: int) -> Run:
    run = run_selector.administered_run(request.user, run_id)
    check_study(request, run.site.study.name)
    return run
