"""/api/v1/models/{id}/promote, decisions and report/, and /api/v1/sites/{slug}/rollback."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.policies import can_guide_in
from annotation.selectors.studies import site_named, studies_of, visible_study
from core.api.authentication import UserRequest
from core.reports.as_json import plain
from domain.errors import NotAllowed, NotFound
from inference.selectors import versions
from training.reports import model_report
from training.selectors import gate_decisions
from training.services import promotion


class PromoteSerializer(serializers.Serializer[None]):
    """Why the model is promoted (may be empty) and for what (by default all it has proved).

    `without_pictures`: why it takes another's place though nobody has confirmed it on pictures.
    """

    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    purposes = serializers.MultipleChoiceField(choices=promotion.PURPOSES, required=False)
    without_pictures = serializers.CharField(
        max_length=500, required=False, allow_blank=True, default=""
    )


class RollbackSerializer(serializers.Serializer[None]):
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


class PromoteView(APIView):
    """Promote a model; 409 with the reason where the gate refuses."""

    @extend_schema(request=PromoteSerializer, responses=MoveSerializer)
    def post(self, request: UserRequest, model_id: int) -> Response:
        model = versions.visible_model(request.user, model_id)
        body = PromoteSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data.get("purposes") or promotion.PURPOSES
        outcome = promotion.promote(
            model,
            request.user,
            body.validated_data["reason"],
            list(asked),
            without_pictures=body.validated_data["without_pictures"],
        )
        return Response(promotion.as_json(outcome.moves, outcome.refused))


class DecisionsView(APIView):
    """What the gate decided about a model, newest first, with every check and its numbers."""

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: UserRequest, model_id: int) -> Response:
        model = versions.visible_model(request.user, model_id)
        if not can_guide_in(request.user, model.site.study):
            raise NotAllowed("Experts and admins of the study see the gate's decisions.")
        found = [gate_decisions.as_json(one) for one in gate_decisions.of_model(model)]
        return Response({"count": len(found), "results": found})


class ReportView(APIView):
    """The report of a model: what `report.json` of its page gives."""

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: UserRequest, model_id: int) -> Response:
        model = versions.visible_model(request.user, model_id)
        if not can_guide_in(request.user, model.site.study):
            raise NotAllowed("Experts and admins of the study see a model's report.")
        return Response(plain(model_report.of_model(model)))


class RollbackView(APIView):
    """Go back to the model that served before (`?study=`, by default the caller's first)."""

    @extend_schema(
        request=RollbackSerializer,
        responses=MoveSerializer,
        parameters=[OpenApiParameter("study", OpenApiTypes.STR)],
    )
    def post(self, request: UserRequest, slug: str) -> Response:
        name = request.query_params.get("study")
        studies = studies_of(request.user)
        study = visible_study(request.user, name) if name else next(iter(studies), None)
        if study is None:
            raise NotFound("There is no such site.")
        body = RollbackSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        moves = promotion.rollback(
            site_named(study, slug), request.user, body.validated_data["reason"]
        )
        return Response(promotion.as_json(moves))
