"""POST calibrations/: the scale of some pictures, or of all of a device and size."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers, status
from rest_framework.response import Response

from annotation.api.studies import asked_study
from annotation.models import Calibration, Image, Study
from annotation.policies import Role
from annotation.selectors import scales
from annotation.services import calibrations
from core.api.authentication import UserRequest
from core.api.views import ApiView, StrictSerializer, takes, validated
from domain.calibration import PixelSpacing, area_from_text, from_depth
from domain.errors import InvalidInput, NotFound

METHODS = (Calibration.Method.DEPTH, Calibration.Method.TYPED)


class RuleSerializer(StrictSerializer):
    """Which pictures: those of a device (empty: not named) in files of this size in px."""

    device = serializers.CharField(required=False, default="", allow_blank=True, max_length=100)
    width = serializers.IntegerField(min_value=1)
    height = serializers.IntegerField(min_value=1)


class CalibrateSerializer(StrictSerializer):
    """`images`, or a `rule`; by `depth` over an `area` (`x,y,width,height` in px of the file, or
    `full`), or by a `typed` spacing. A rule takes each picture's own depth."""

    study = serializers.CharField(required=False, default="", max_length=100)
    images = serializers.ListField(
        child=serializers.IntegerField(), required=False, max_length=1000, allow_empty=False
    )
    rule = RuleSerializer(required=False)
    method = serializers.ChoiceField(METHODS)
    area = serializers.CharField(required=False, default="", max_length=60)
    depth_mm = serializers.FloatField(required=False, default=None, allow_null=True)
    x_mm = serializers.FloatField(required=False, default=None, allow_null=True)
    y_mm = serializers.FloatField(required=False, default=None, allow_null=True)
    despite_depth = serializers.BooleanField(default=False)


class CalibratedSerializer(serializers.Serializer[Any]):
    """How many pictures have mm by it, are unchanged, blocked by a contradiction, or sealed."""

    given = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    blocked = serializers.IntegerField()
    sealed = serializers.IntegerField()


class CalibrationsView(ApiView):
    """Set the scale of pictures; for experts and admins. All of them, or none."""

    @takes(body=CalibrateSerializer, responses={201: CalibratedSerializer})
    def post(self, request: UserRequest) -> Response:
        study = asked_study(request, Role.EXPERT, Role.ADMIN, in_body=True)
        said = validated(request, CalibrateSerializer)
        if ("images" in said) == ("rule" in said):
            raise InvalidInput("Name the images, or a rule of device, width and height.")
        done = (
            _by_rule(study, said, request) if "rule" in said else _of_images(study, said, request)
        )
        return Response(CalibratedSerializer(done).data, status=status.HTTP_201_CREATED)


def _by_rule(study: Study, said: dict[str, Any], request: UserRequest) -> calibrations.Confirmed:
    if said["method"] != Calibration.Method.DEPTH or said["depth_mm"] is not None:
        raise InvalidInput("A rule confirms the image area of pictures that have their own depth.")
    rule = said["rule"]
    area = area_from_text(said["area"], rule["width"], rule["height"])
    return calibrations.confirm_area(
        study, rule["device"], rule["width"], rule["height"], area, actor=request.user
    )


def _of_images(study: Study, said: dict[str, Any], request: UserRequest) -> calibrations.Confirmed:
    wanted = set(said["images"])
    images = list(scales.with_relations(Image.objects.filter(study=study, pk__in=wanted)))
    if len(images) != len(wanted):
        raise NotFound("There is no such image in this study.")
    with_areas = [(image, *_spacing(image, said)) for image in images]
    done = calibrations.calibrate_all(
        with_areas, actor=request.user, despite_depth=said["despite_depth"]
    )
    return calibrations.Confirmed(given=len(done))


def _spacing(image: Image, said: dict[str, Any]) -> tuple[PixelSpacing, Any]:
    known = scales.known_of(image)
    area = area_from_text(said["area"], known.width, known.height) if said["area"] else None
    if said["method"] == Calibration.Method.TYPED:
        if said["x_mm"] is None or said["y_mm"] is None or said["depth_mm"] is not None:
            raise InvalidInput("A typed spacing is x_mm and y_mm, without a depth.")
        return PixelSpacing(said["x_mm"], said["y_mm"], Calibration.Method.TYPED), area
    depth = said["depth_mm"] if said["depth_mm"] is not None else known.depth_mm
    if depth is None or area is None or said["x_mm"] is not None or said["y_mm"] is not None:
        raise InvalidInput("A depth needs depth_mm, or a depth that is known, and the area.")
    if known.aspect is None:
        raise InvalidInput("The shape of an image's pixels is not known: give x_mm and y_mm.")
    return from_depth(depth, area, known.aspect), area
