"""Active learning: which scans to outline next."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class QueryRound(models.Model):
    """One choice of scans: pool size, strategy, seed; its picks have rank and reason."""

    site = models.ForeignKey(
        "annotation.Site", on_delete=models.PROTECT, related_name="query_rounds"
    )
    strategy = models.CharField(max_length=30)
    seed = models.PositiveIntegerField()
    pool_size = models.PositiveIntegerField()
    model = models.ForeignKey(
        "inference.ModelVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.strategy} on {self.site}"


class Pick(models.Model):
    """One scan of a query round, drawn by its strategy or for the random share."""

    class Share(models.TextChoices):
        STRATEGY = "strategy"
        RANDOM = "random"

    round = models.ForeignKey(QueryRound, on_delete=models.PROTECT, related_name="picks")
    image = models.ForeignKey("annotation.Image", on_delete=models.PROTECT, related_name="+")
    rank = models.PositiveIntegerField()
    score = models.FloatField(null=True, blank=True)
    reason = models.CharField(max_length=300)
    share = models.CharField(max_length=8, choices=Share.choices, default=Share.STRATEGY)

    class Meta:
        ordering = ["round", "rank"]
        constraints = [
            models.UniqueConstraint(fields=["round", "rank"], name="pick_rank_once_per_round"),
            models.UniqueConstraint(fields=["round", "image"], name="pick_image_once_per_round"),
        ]

    def __str__(self) -> str:
        return f"{self.rank}. {self.image}"
