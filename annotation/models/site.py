"""Muscle sites and the labels drawn on them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from annotation.models.study import Study
from core.identities import IdentityField


class Site(models.Model):
    """A muscle site: an anatomical site with its protocol, labels, plane and model family.

    A longitudinal site gives thickness, never CSA.
    """

    class Plane(models.TextChoices):
        TRANSVERSE = "transverse"
        LONGITUDINAL = "longitudinal"

    class Thickness(models.TextChoices):
        MAX_VERTICAL = "max_vertical", "greatest vertical extent"
        CENTROID_COLUMN = "centroid_column", "vertical extent at the centroid"
        CENTRAL_THIRD_MEAN = "central_third_mean", "mean vertical extent of the central third"
        MAX_INSCRIBED_CIRCLE = "max_inscribed_circle", "diameter of the largest inscribed circle"

    class AreaUnit(models.TextChoices):
        CM2 = "cm2", "cm²"
        MM2 = "mm2", "mm²"

    class Family(models.TextChoices):
        UNET = "unet", "U-Net"
        NNUNET = "nnunet", "nnU-Net"

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="sites")
    slug = models.SlugField(max_length=60)
    identity = IdentityField(source="slug", length=60)
    name = models.CharField(max_length=100)
    plane = models.CharField(max_length=12, choices=Plane.choices, default=Plane.TRANSVERSE)
    thickness_definition = models.CharField(
        max_length=24, choices=Thickness.choices, default=Thickness.MAX_VERTICAL
    )
    area_unit = models.CharField(
        max_length=3, choices=AreaUnit.choices, default=AreaUnit.CM2, help_text="CSA is shown in it"
    )
    protocol = models.TextField(blank=True)
    model_family = models.CharField(max_length=10, choices=Family.choices, default=Family.UNET)
    dice_floor = models.FloatField(
        default=0.7, help_text="mean test Dice that the first model must reach"
    )
    paired_share = models.FloatField(
        default=0.0,
        help_text="share of the scans that two read, one of them without the pre-label",
    )
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["order", "slug"]
        constraints = [
            models.UniqueConstraint(fields=["study", "slug"], name="site_slug_once_per_study"),
            models.UniqueConstraint(
                fields=["study", "identity"], name="site_identity_once_per_study"
            ),
            models.CheckConstraint(
                condition=Q(dice_floor__gte=0) & Q(dice_floor__lte=1),
                name="site_dice_floor_is_a_fraction",
            ),
            models.CheckConstraint(
                condition=Q(paired_share__gte=0) & Q(paired_share__lte=1),
                name="site_paired_share_is_a_fraction",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Label(models.Model):
    """A class on a site, with colour and order; corrected by `services.labels` only."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="labels")
    name = models.CharField(max_length=60)
    identity = IdentityField(source="name", length=60)
    title = models.CharField(max_length=100)
    colour = models.CharField(max_length=7)
    order = models.PositiveSmallIntegerField()
    retired = models.BooleanField(default=False)

    class Meta:
        ordering = ["order"]
        constraints = [
            models.UniqueConstraint(fields=["site", "name"], name="label_name_once_per_site"),
            models.UniqueConstraint(
                fields=["site", "identity"], name="label_identity_once_per_site"
            ),
            models.UniqueConstraint(fields=["site", "order"], name="label_order_once_per_site"),
        ]

    def __str__(self) -> str:
        return self.name


class LabelAlias(models.Model):
    """Another spelling of a label, as imported files use it, or a name that it had before.

    Outlines hold the name by which they were drawn. `was_label`: outlines may hold this one; they
    are read under the label's name, and the alias is never forgotten.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="aliases")
    alias = models.CharField(max_length=100)
    identity = IdentityField(source="alias", length=100)
    label = models.ForeignKey(Label, on_delete=models.PROTECT, related_name="aliases")
    was_label = models.BooleanField(default=False)

    class Meta:
        ordering = ["alias"]
        constraints = [
            models.UniqueConstraint(fields=["site", "alias"], name="alias_once_per_site"),
            models.UniqueConstraint(
                fields=["site", "identity"], name="alias_identity_once_per_site"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.alias} = {self.label}"
