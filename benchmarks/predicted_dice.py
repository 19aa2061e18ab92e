"""Which figure from the probabilities foretells the Dice that the outline will have?

Trains three small networks (seeds) on phantom scans of one site, once on the Dice and
cross-entropy loss, and holds each candidate figure against the true Dice on scans of other
subjects, made harder step by step. Prints a line a candidate: correlation with the true Dice,
bias, and mean absolute error after the bias is taken away.
`python -m benchmarks.predicted_dice [--subjects 40] [--epochs 12] [--json FILE]`
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import distance_transform_edt
from scipy.stats import spearmanr

from domain import phantom, uncertainty
from domain.raster import polygon_to_mask

SITE = "rectus-femoris"
SIDE = 96
MEMBERS = 3
TESTED = 60

Map = NDArray[np.float32]
Candidate = Callable[[Map, NDArray[np.float32]], float]


@dataclass(frozen=True)
class Case:
    """A scan of SIDE x SIDE px, with its truth."""

    pixels: Map
    truth: NDArray[np.bool_]


def ratio(mean: Map, members: Map) -> float:
    """`domain.uncertainty.expected_dice` on the mean probability."""
    return uncertainty.expected_dice(mean)[0] or 0.0


def single_ratio(mean: Map, members: Map) -> float:
    """The same on one member."""
    return uncertainty.expected_dice(members[0])[0] or 0.0


def everywhere(mean: Map, members: Map) -> float:
    """Expected Dice, the denominator over the whole image."""
    drawn = mean[1] > 0.5
    return float(2 * mean[1][drawn].sum() / max(1e-9, drawn.sum() + mean[1].sum()))


def inside_ratio(mean: Map, members: Map) -> float:
    """The same without what is probable outside the outline."""
    share = inside(mean, members)
    return 2 * share / (1 + share)


def single_inside(mean: Map, members: Map) -> float:
    """Mean probability of one member inside its outline."""
    return inside(members[0], members)


def near(band: float) -> Candidate:
    """Expected Dice, the denominator within a band of another width."""

    def figure(mean: Map, members: Map) -> float:
        drawn = mean[1] > 0.5
        if not drawn.any():
            return 0.0
        around = distance_transform_edt(~drawn) <= band * np.sqrt(drawn.sum())
        return float(2 * mean[1][drawn].sum() / (drawn.sum() + mean[1][around].sum()))

    return figure


def to_members(mean: Map, members: Map) -> float:
    """Mean Dice of the outline to each member's."""
    drawn = mean[1] > 0.5
    each = [one[1] > 0.5 for one in members]
    return float(np.mean([2 * (drawn & o).sum() / max(1, drawn.sum() + o.sum()) for o in each]))


def soft(mean: Map, members: Map) -> float:
    """sum p^2 / sum p: soft Dice of the probability with itself."""
    return float((mean[1] ** 2).sum() / max(float(mean[1].sum()), 1e-9))


def inside(mean: Map, members: Map) -> float:
    """Mean probability inside the outline."""
    drawn = mean[1] > 0.5
    return float(mean[1][drawn].mean()) if drawn.any() else 0.0


def agreement(mean: Map, members: Map) -> float:
    """Mean Dice between pairs of members."""
    maps = [one.argmax(axis=0).astype(np.uint8) for one in members]
    return 1.0 - (uncertainty.member_disagreement(maps) or 0.0)


def sure(mean: Map, members: Map) -> float:
    """1 - mean entropy inside the outline."""
    drawn = mean[1] > 0.5
    return 1.0 - float(uncertainty.entropy_map(mean)[drawn].mean()) if drawn.any() else 0.0


CANDIDATES: dict[str, Candidate] = {
    "expected Dice (ensemble)": ratio,
    "expected Dice (one member)": single_ratio,
    "expected Dice (everywhere)": everywhere,
    **{f"expected Dice (band {band})": near(band) for band in (0.05, 0.1, 0.2, 0.3, 0.5)},
    "expected Dice (inside)": inside_ratio,
    "soft Dice with itself": soft,
    "probability inside (one)": single_inside,
    "Dice to members": to_members,
    "mean probability inside": inside,
    "Dice between members": agreement,
    "1 - entropy inside": sure,
}


def case(subject: phantom.PhantomSubject, take: int = 0) -> Case:
    """A phantom scan, shrunk."""
    image = phantom.scan(subject, SITE, take=take)
    truth = np.zeros(image.pixels.shape, np.bool_)
    for region in image.regions:
        truth |= polygon_to_mask(region.shape, *image.pixels.shape)
    small = Image.fromarray(image.pixels).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    mask = Image.fromarray(truth).resize((SIDE, SIDE), Image.Resampling.NEAREST)
    return Case(np.asarray(small, np.float32), np.asarray(mask, np.bool_))


def harder(one: Case, level: float, generator: np.random.Generator) -> Case:
    """Speckle and lost contrast of strength `level` (0: as it is)."""
    speckle = generator.rayleigh(size=one.pixels.shape).astype(np.float32) * 60
    flat = one.pixels.mean() + (one.pixels - one.pixels.mean()) * (1 - 0.8 * level)
    return Case(np.clip(flat + level * (speckle - speckle.mean()), 0, 255), one.truth)


def network(seed: int, width: int = 12) -> torch.nn.Module:
    """A U-Net of two levels, 60,000 weights with 12 channels at the top."""
    torch.manual_seed(seed)
    return _SmallUNet(width)


class _Block(torch.nn.Sequential):
    def __init__(self, before: int, after: int) -> None:
        layers = []
        for channels in (before, after):
            layers += [
                torch.nn.Conv2d(channels, after, 3, padding=1),
                torch.nn.InstanceNorm2d(after, affine=True),
                torch.nn.LeakyReLU(0.01),
            ]
        super().__init__(*layers)


class _SmallUNet(torch.nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.down = torch.nn.ModuleList(
            [_Block(1, width), _Block(width, 2 * width), _Block(2 * width, 4 * width)]
        )
        self.up = torch.nn.ModuleList([_Block(6 * width, 2 * width), _Block(3 * width, width)])
        self.last = torch.nn.Conv2d(width, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kept = []
        for index, block in enumerate(self.down):
            x = block(x if index == 0 else torch.nn.functional.max_pool2d(x, 2))
            kept.append(x)
        for block, skip in zip(self.up, reversed(kept[:-1]), strict=True):
            x = torch.nn.functional.interpolate(x, scale_factor=2.0)
            x = block(torch.cat([x, skip], 1))
        return self.last(x)


def train(cases: list[Case], seed: int, epochs: int, width: int = 12) -> torch.nn.Module:
    """Dice and cross-entropy, Adam, batches of 8, mirrored and brightened at random."""
    model = network(seed, width)
    generator = np.random.default_rng(seed)
    optimiser = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(epochs):
        order = generator.permutation(len(cases))
        for start in range(0, len(order), 8):
            batch = [
                harder(cases[i], generator.uniform(0, 0.3), generator)
                for i in order[start : start + 8]
            ]
            pixels, truth = tensors(batch)
            if generator.random() < 0.5:
                pixels, truth = pixels.flip(-1), truth.flip(-1)
            logits = model(pixels)
            probability = logits.softmax(1)[:, 1]
            overlap = (2 * (probability * truth).sum((1, 2)) + 1) / (
                probability.sum((1, 2)) + truth.sum((1, 2)) + 1
            )
            loss = torch.nn.functional.cross_entropy(logits, truth.long()) + 1 - overlap.mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return model.eval()


def tensors(cases: list[Case]) -> tuple[torch.Tensor, torch.Tensor]:
    """Normalised pixels (N, 1, SIDE, SIDE) and truth (N, SIDE, SIDE)."""
    pixels = np.stack([(one.pixels - one.pixels.mean()) / (one.pixels.std() + 1) for one in cases])
    truth = np.stack([one.truth for one in cases]).astype(np.float32)
    return torch.from_numpy(pixels[:, None].astype(np.float32)), torch.from_numpy(truth)


def measure(subjects: int, epochs: int, hardest: float) -> dict[str, dict[str, float]]:
    """{candidate: its figures} over TESTED subjects, each at a difficulty of its own."""
    people = phantom.cohort(subjects + TESTED, 7)
    learnt = [case(person) for person in people[:subjects]]
    models = [train(learnt, seed, epochs) for seed in range(MEMBERS)]
    generator = np.random.default_rng(0)
    said: dict[str, list[float]] = {name: [] for name in CANDIDATES}
    true = []
    for index, person in enumerate(people[subjects:]):
        one = harder(case(person), hardest * index / TESTED, generator)
        with torch.no_grad():
            pixels, _ = tensors([one])
            members = np.stack([m(pixels).softmax(1)[0].numpy() for m in models])
        mean = members.mean(axis=0)
        drawn = mean[1] > 0.5
        true.append(
            2 * float((drawn & one.truth).sum()) / max(1, int(drawn.sum() + one.truth.sum()))
        )
        for name, candidate in CANDIDATES.items():
            said[name].append(candidate(mean, members))
    return {name: _figures(np.array(values), np.array(true)) for name, values in said.items()}


def _figures(said: NDArray[np.float64], true: NDArray[np.float64]) -> dict[str, float]:
    residual = true - said
    return {
        "pearson": float(np.corrcoef(said, true)[0, 1]),
        "spearman": float(spearmanr(said, true).statistic),
        "bias": float(-residual.mean()),
        "error": float(np.abs(residual - np.median(residual)).mean()),
        "true_mean": float(true.mean()),
        "true_p5": float(np.percentile(true, 5)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subjects", type=int, default=40)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--hardest", type=float, default=1.0)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    figures = measure(asked.subjects, asked.epochs, asked.hardest)
    for name, one in figures.items():
        print(
            f"{name:28s} r {one['pearson']:.3f}  rho {one['spearman']:.3f}"
            f"  bias {one['bias']:+.3f}  error {one['error']:.3f}"
        )
    first = next(iter(figures.values()))
    print(f"true Dice: mean {first['true_mean']:.3f}, 5th percentile {first['true_p5']:.3f}")
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
