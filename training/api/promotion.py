"""/api/v1/models/{id}/promote, decisions and report/, and /api/v1/sites/{slug}/rollback."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.response import Response

from annotation.api.studies import asked_study
from annotation.policies import can_guide_in
from annotation.selectors.studies import site_named
from core.api.authentication import UserRequest
from core.api.views import ApiView, StrictSerializer, check_study, takes, validated
from core.reports.as_json import plain
from domain.errors import NotAllowed
from inference.models import ModelVersion
from inference.selectors import versions
from training.reports import model_report
from training.selectors import gate_decisions
from training.services import promotion


class PromoteSerializer(StrictSerializer):
    """Why the model is promoted (may be empty) and for what (by default all it has proved).

    `without_pictures`: why it takes another's place though nobody has confirmed it on pictures.
    """

    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    purposes = serializers.MultipleChoiceField(choices=promotion.PURPOSES, required=False)
    without_pictures = serializers.CharField(
        max_length=500, required=False, allow_blank=True, default=""
    )


class RollbackSerializer(StrictSerializer):
    """Why the model is rolled back."""

    reason = serializers.CharField(max_length=500)


class MoveSerializer(serializers.Serializer[None]):
    """A pointer move and the numbers behind it."""

    site = serializers.CharField()
    kind = serializers.CharField()
    model = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    purposes = serializers.ListField(child=serializers.CharField())
    reason = serializers.CharField()
    numbers = serializers.JSONField()
    decisions = serializers.JSONField()
    confirmed_by = serializers.CharField(allow_null=True)
    unconfirmed = serializers.CharField(allow_blank=True)
    refused = serializers.JSONField()


class PromoteView(ApiView):
    """Promote a model; 409 with the reason where the gate refuses."""

    @takes(body=PromoteSerializer, responses=MoveSerializer)
    def post(self, request: UserRequest, model_id: int) -> Response:
        model = _model_of(request, model_id)
        said = validated(request, PromoteSerializer)
        asked = said.get("purposes") or promotion.PURPOSES
        outcome = promotion.promote(
            model,
            request.user,
            said["reason"],
            list(asked),
            without_pictures=said["without_pictures"],
        )
        return Response(promotion.as_json(outcome.moves, outcome.refused))


class DecisionsView(ApiView):
    """What the gate decided about a model, newest first, with every check and its numbers."""

    @takes(responses=OpenApiTypes.OBJECT)
    def get(self, request: UserRequest, model_id: int) -> Response:
        model = _model_of(request, model_id)
        if not can_guide_in(request.user, model.site.study):
            raise NotAllowed("Experts and admins of the study see the gate's decisions.")
        found = [gate_decisions.as_json(one) for one in gate_decisions.of_model(model)]
        return Response({"count": len(found), "results": found})


class ReportView(ApiView):
    """The report of a model: what `report.json` of its page gives."""

    @takes(responses=OpenApiTypes.OBJECT)
    def get(self, request: UserRequest, model_id: int) -> Response:
        model = _model_of(request, model_id)
        if not can_guide_in(request.user, model.site.study):
            raise NotAllowed("Experts and admins of the study see a model's report.")
        return Response(plain(model_report.of_model(model)))


class RollbackView(ApiView):
    """Go back to the model that served before."""

    @takes(body=RollbackSerializer, responses=MoveSerializer)
    def post(self, request: UserRequest, slug: str) -> Response:
        study = asked_study(request)
        reason = validated(request, RollbackSerializer)["reason"]
        moves = promotion.rollback(site_named(study, slug), request.user, reason)
        return Response(promotion.as_json(moves))


def _model_of(request: UserRequest, model_id: int) -> ModelVersion:
    model = versions.visible_model(request.user, model_id)
    check_study(request, model.site.study.name)
    return model
