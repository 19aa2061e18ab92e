"""Every row of docs/labelme.md 3.8 that a file decides by itself or with its image's size."""

from __future__ import annotations

import base64
import csv
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon, box

from domain import labelme, labelme_export, labelme_regions
from domain.errors import InvalidInput
from domain.geometry import Region, normalise, region_to_json
from domain.lossless_json import loads
from tests.shared import SHARED, needs_shared

SQUARE = [[10, 10], [30, 10], [30, 30], [10, 30]]
SIZE = {"width": 100, "height": 80}
LABELS = {"RF": "RF", "VI": "VI", "rectus": "RF"}


def shape(**keys: Any) -> dict[str, Any]:
    plain = {
        "label": "RF",
        "points": SQUARE,
        "group_id": None,
        "description": "",
        "shape_type": "polygon",
        "flags": {},
        "mask": None,
    }
    return {**plain, **keys}


def document(*shapes: dict[str, Any], **keys: Any) -> dict[str, Any]:
    plain = {
        "version": "5.5.0",
        "flags": {},
        "shapes": list(shapes) if shapes else [shape()],
        "imagePath": "a.png",
        "imageData": None,
        "imageHeight": 80,
        "imageWidth": 100,
    }
    return {**plain, **keys}


def without(value: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: item for key, item in value.items() if key not in keys}


def as_bytes(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def read(value: object, **options: Any) -> labelme_regions.Outlines:
    options = {**SIZE, "labels": LABELS, **options}
    return labelme_regions.outlines(labelme.parse(as_bytes(value)), **options)


def warnings_of(value: object) -> str:
    parsed = labelme.parse(as_bytes(value))
    found = labelme_regions.outlines(parsed, **SIZE, labels=LABELS)
    return "\n".join(parsed.warnings + found.warnings)


def test_a_plain_file_is_taken_without_a_word() -> None:
    found = read(document())

    assert [region_to_json(region) for region in found.regions] == [
        {"label": "RF", "cut": [], "parts": [[SQUARE]]}
    ]
    assert warnings_of(document()) == ""


REFUSED_FILES = {
    "no bytes": (b"", "empty"),
    "no JSON": (b"../../data/a.json", "not valid JSON at line 1"),
    "cut off": (as_bytes(document())[:-20], "not valid JSON"),
    "two documents": (as_bytes(document()) + b"\n" + as_bytes(document()), "second document"),
    "trailing comma": (b'{"shapes": [],}', "not valid JSON"),
    "not UTF-8": ('{"shapes": [{"label": "Müskel"}]}'.encode("cp1252"), "not UTF-8 at byte"),
    "half of UTF-16": (json.dumps(document()).encode("utf-16")[:-1], "begins as utf-16"),
    "an array": (b"[]", "no LabelMe file"),
    "no shapes": (b'{"version": "5.5.0"}', "no 'shapes' list"),
    "shapes an object": (b'{"shapes": {}}', "'shapes' is one object"),
    "shapes no list": (b'{"shapes": "all"}', "no 'shapes' list"),
    "COCO": (as_bytes({"images": [], "annotations": [], "categories": []}), "COCO"),
    "GeoJSON": (as_bytes({"type": "FeatureCollection", "features": []}), "GeoJSON"),
    "ISAT": (as_bytes({"info": {}, "objects": []}), "ISAT"),
    "chat": (as_bytes(document(shapes=[], chat_history=[])), "chat of X-AnyLabeling"),
    "too large": (b" " * (labelme.BYTE_LIMIT + 1), "MiB"),
    "too deep": (b'{"shapes": [], "a": ' + b"[" * 70 + b"]" * 70 + b"}", "64 levels"),
    "too many shapes": (as_bytes(document(shapes=[shape()] * 1001)), "1001 shapes"),
    "too many points": (
        as_bytes(document(shape(points=[[i % 90, i % 70] for i in range(20_001)]))),
        "20001 points",
    ),
    "shapes twice": (b'{"shapes": [], "shapes": [1]}', "'shapes' stands twice"),
    "size no number": (as_bytes(document(imageWidth="wide")), "'imageWidth'"),
    "size true": (as_bytes(document(imageHeight=True)), "'imageHeight'"),
}


@pytest.mark.parametrize(("data", "message"), REFUSED_FILES.values(), ids=REFUSED_FILES.keys())
def test_refuses_the_file(data: bytes, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        labelme.parse(data)


REFUSED_SHAPES = {
    "no object": (7, "shape 1: is 7"),
    "no label": (without(shape(), "label"), "shape 1: has no label"),
    "label null": (shape(label=None), "has no label"),
    "label a list": (shape(label=["RF"]), "has no label"),
    "label empty": (shape(label=""), "label is empty"),
    "label blank": (shape(label="  "), "label is empty"),
    "label with a tab": (shape(label="R\tF"), r"U\+0009"),
    "label with zero-width space": (shape(label="R\u200bF"), r"U\+200B, zero width space"),
    "label with a Hangul filler": (shape(label="\u3164"), r"U\+3164"),
    "label too long": (shape(label="R" * 201), "201 characters"),
    "label unknown": (shape(label="rf"), r"no label or alias 'rf' \(it has RF, VI\)"),
    "no points": (without(shape(), "points"), "has no points"),
    "points null": (shape(points=None), "has no points"),
    "points empty": (shape(points=[]), "has no points"),
    "point of one number": (shape(points=[[1], *SQUARE]), "point 1: is an array of 1"),
    "point of three": (shape(points=[*SQUARE, [1, 2, 3]]), "point 5"),
    "coordinate NaN": (shape(points=[[1, float("nan")], *SQUARE]), "point 1: y is NaN"),
    "coordinate infinite": (shape(points=[[1, float("inf")], *SQUARE]), "no finite number"),
    "coordinate absurd": (shape(points=[[1, 1e7], *SQUARE]), "away"),
    "coordinate a string": (shape(points=[["1", 2], *SQUARE]), 'x is "1", no number'),
    "coordinate true": (shape(points=[[True, 2], *SQUARE]), "x is true"),
    "coordinate null": (shape(points=[[None, 2], *SQUARE]), "x is null"),
    "two points": (shape(points=[[1, 1], [9, 9]]), "2 different points"),
    "two different points": (shape(points=[[1, 1], [9, 9], [1, 1]]), "2 different points"),
    "on a line": (shape(points=[[1, 1], [5, 5], [9, 9]]), "encloses no area"),
    "flat rectangle": (shape(shape_type="rectangle", points=[[1, 1], [9, 1]]), "without area"),
    "rectangle of three": (shape(shape_type="rectangle", points=SQUARE[:3]), "of 3 points"),
    "rectangle askew": (
        shape(shape_type="rectangle", points=[[5, 0], [10, 5], [5, 10], [0, 5]]),
        "upright",
    ),
    "circle without radius": (shape(shape_type="circle", points=[[5, 5], [5, 5]]), "area"),
    "circle of one point": (shape(shape_type="circle", points=[[5, 5]]), "two points"),
    "oriented rectangle of three": (
        shape(shape_type="oriented_rectangle", points=SQUARE[:3]),
        "four different corners",
    ),
    "wholly outside": (shape(points=[[200, 10], [230, 10], [230, 30]]), "wholly outside"),
    "unknown shape_type": (shape(shape_type="banana"), 'shape_type "banana" is unknown'),
    "shape_type a number": (shape(shape_type=3), "shape_type 3 is unknown"),
    "mask without bitmap": (shape(shape_type="mask", points=[[1, 1], [2, 2]]), "bitmap"),
}


@pytest.mark.parametrize(("value", "message"), REFUSED_SHAPES.values(), ids=REFUSED_SHAPES.keys())
def test_refuses_the_shape_and_names_it(value: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as refusal:
        read(document(value))

    assert refusal.value.message.startswith("shape 1")


WARNED = {
    "version missing": (without(document(), "version"), "'version' is missing"),
    "version null": (document(version=None), "'version' is null"),
    "version a number": (document(version=5), "'version' is 5"),
    "flags missing": (without(document(), "flags"), "'flags' is missing"),
    "flags null": (document(flags=None), "'flags' is null"),
    "flags a list": (document(flags=[1]), "'flags' is an array of 1"),
    "flag a number": (document(flags={"a": 1}), "not true or false"),
    "shape flags null": (document(shape(flags=None)), "shape 1: 'flags' is null"),
    "shape_type missing": (document(without(shape(), "shape_type")), "'shape_type' is missing"),
    "shape_type null": (document(shape(shape_type=None)), "'shape_type' is null"),
    "old keys": (document(lineColor=[0, 255, 0, 128]), "LabelMe 3"),
    "old keys of a shape": (document(shape(line_color=None)), "LabelMe 3"),
    "group a text": (document(shape(group_id="a")), "'group_id'"),
    "group true": (document(shape(group_id=True)), "'group_id'"),
    "description a number": (document(shape(description=7)), "'description' is 7"),
    "imagePath missing": (without(document(), "imagePath"), "'imagePath' is missing"),
    "imageData missing": (without(document(), "imageData"), "'imageData' is missing"),
    "size as text": (document(imageWidth="100"), "read as 100"),
    "blanks around a label": (document(shape(label=" RF ")), "blanks around the label"),
    "self-crossing": (
        document(shape(points=[[0, 0], [20, 20], [20, 0], [0, 20]])),
        "crosses or touches itself",
    ),
    "spike": (document(shape(points=[*SQUARE, [10, 50], [10, 30]])), "crosses or touches itself"),
    "repeated points": (document(shape(points=[SQUARE[0], *SQUARE])), "1 repeated point;"),
    "closing point": (document(shape(points=[*SQUARE, SQUARE[0]])), "repeated as its last"),
    "half a px outside": (
        document(shape(points=[[-0.5, 1], [20, 1], [20, 20]])),
        "up to 1 px outside",
    ),
    "far outside": (document(shape(points=[[-30, 1], [20, 1], [20, 20]])), "30.0 px outside"),
    "overlap": (
        document(shape(), shape(label="VI", points=[[20, 20], [40, 20], [40, 40]])),
        "shapes 1 ('RF') and 2 ('VI') overlap",
    ),
    "twice the same": (document(shape(), shape()), "the same as shape 1; taken once"),
    "no shapes": (document(shapes=[]), "no shapes"),
    "a mask beside a polygon": (document(shape(mask="AAAA")), "mask is kept and not used"),
}


@pytest.mark.parametrize(("value", "message"), WARNED.values(), ids=WARNED.keys())
def test_warns_and_takes(value: dict[str, Any], message: str) -> None:
    assert message in warnings_of(value)


def test_an_unknown_key_that_stands_twice_is_warned_of() -> None:
    parsed = labelme.parse(b'{"a": 1, "a": 2, ' + as_bytes(document())[1:])

    assert parsed.warnings == ("the key 'a' stands twice; the last one counts",)


def test_a_label_that_is_a_number_is_shown_as_text_and_kept() -> None:
    parsed = labelme.parse(as_bytes(document(shape(label=7))))

    assert parsed.shapes[0].label == "7"
    assert "label is 7" in parsed.warnings[0]
    assert labelme_regions.outlines(parsed, **SIZE, labels={"7": "RF"}).regions[0].label == "RF"
    assert json.loads(labelme.serialise(parsed))["shapes"][0]["label"] == 7


def test_a_byte_order_mark_is_warned_of() -> None:
    parsed = labelme.parse(b"\xef\xbb\xbf" + as_bytes(document()))

    assert "byte order mark" in parsed.warnings[0]


def test_a_named_encoding_is_used_where_utf_8_fails() -> None:
    value = json.dumps(document(shape(label="Müskel")), ensure_ascii=False)

    parsed = labelme.parse(value.encode("cp1252"), encoding="cp1252")

    assert parsed.shapes[0].label == "Müskel"
    assert "cp1252" in parsed.warnings[0]
    assert labelme.parse(value.encode(), encoding="cp1252").warnings == ()
    for encoding in ("no-such", "hex", "utf-8", "\0"):
        with pytest.raises(InvalidInput, match="encoding"):
            labelme.parse(value.encode("cp1252"), encoding=encoding)


def test_the_bow_tie_keeps_both_lobes() -> None:
    found = read(document(shape(points=[[0, 0], [20, 20], [20, 0], [0, 20]])))

    assert found.regions[0].shape.area == pytest.approx(200)
    assert len(found.regions[0].shape.geoms) == 2


def test_a_bridge_hole_is_a_hole() -> None:
    ring = [[0, 0], [40, 0], [40, 40], [0, 40], [0, 10], [10, 10], [10, 30], [30, 30], [30, 10]]

    found = read(document(shape(points=[*ring, [10, 10], [0, 10]])))

    assert found.regions[0].shape.area == pytest.approx(1600 - 400)
    assert len(found.regions[0].shape.geoms[0].interiors) == 1


@pytest.mark.parametrize(
    "points",
    [
        [[10, 20], [30, 50]],
        [[30, 50], [10, 20]],
        [[10, 50], [30, 20]],
        [[30, 20], [10, 20], [10, 50], [30, 50]],
        [[10, 20], [30, 50], [30, 20], [10, 50]],
    ],
)
def test_a_rectangle_has_its_corners_in_any_order(points: list[list[int]]) -> None:
    found = read(document(shape(shape_type="rectangle", points=points)))

    assert found.regions[0].shape.equals(box(10, 20, 30, 50))


@pytest.mark.parametrize("radius", [0.5, 5, 30, 38.5])
def test_a_circle_becomes_a_polygon_of_its_area_within_the_stated_error(radius: float) -> None:
    polygon = labelme_regions.circle((50, 40), radius)

    distances = np.hypot(*(np.array(polygon.exterior.coords).T - [[50], [40]]))
    assert polygon.area == pytest.approx(np.pi * radius**2, rel=1e-9)
    assert abs(distances - radius).max() <= labelme_regions.CIRCLE_ERROR_PX
    assert radius - polygon.exterior.distance(Polygon([(50, 40)] * 3).centroid) <= 0.05


def test_an_oriented_rectangle_is_its_four_corners() -> None:
    points = [[20, 10], [30, 20], [20, 30], [10, 20]]

    found = read(document(shape(shape_type="oriented_rectangle", points=points)))

    assert found.regions[0].shape.area == pytest.approx(200)


def test_a_mask_lies_where_its_box_says() -> None:
    bitmap = np.array([[1, 1, 0], [0, 1, 0]], dtype=bool)
    value = document(shape(shape_type="mask", points=[[10, 20], [12, 21]], mask="AAAA"))

    found = read(value, masks={1: bitmap})

    expected = normalise(box(10, 20, 12, 21).union(box(11, 21, 12, 22)))
    assert found.regions[0].shape.equals(expected)
    assert found.regions[0].shape.area == 3


@pytest.mark.parametrize(
    ("points", "bitmap", "message"),
    [
        ([[10, 20], [13, 21]], np.ones((2, 3), bool), "has 3x2 px, its box 4x2"),
        ([[12, 21], [10, 20]], np.ones((2, 3), bool), "its box"),
        ([[10, 20], [12, 21]], np.zeros((2, 3), bool), "encloses no area"),
        ([[10, 20]], np.ones((2, 3), bool), "two corners"),
        ([[95, 20], [97, 21]], np.ones((2, 3), bool), None),
        ([[10.4, 20.4], [12.2, 21.3]], np.ones((2, 3), bool), None),
    ],
)
def test_a_mask_must_fit_its_box(
    points: list[list[float]], bitmap: np.ndarray, message: str | None
) -> None:
    value = document(shape(shape_type="mask", points=points, mask="AAAA"))

    if message is None:
        assert read(value, masks={1: bitmap}).regions
        return
    with pytest.raises(InvalidInput, match=message):
        read(value, masks={1: bitmap})


@pytest.mark.parametrize("kind", labelme.PLAIN_TYPES + labelme.FOREIGN_TYPES)
def test_other_types_are_kept_without_a_region(kind: str) -> None:
    found = read(document(shape(), shape(shape_type=kind, label="a landmark")))

    assert len(found.regions) == 1
    assert found.without_region == (2,)


def test_aliases_name_labels_of_the_site() -> None:
    found = read(document(shape(label="rectus")))

    assert found.regions[0].label == "RF"
    assert labelme_regions.unknown_labels(
        labelme.parse(as_bytes(document(shape(label="Rectus"), shape(label="VI")))), LABELS
    ) == ["Rectus"]


def test_a_group_is_offered_and_never_merged_by_itself() -> None:
    other = [[50, 10], [60, 10], [60, 20]]
    value = document(
        shape(group_id=1),
        shape(group_id=1, points=other),
        shape(label="VI", group_id=1, points=[[70, 10], [80, 10], [80, 20]]),
    )

    found = read(value)

    assert len(found.regions) == 3
    assert found.groups == ((1, 2),)
    joined = labelme_regions.joined_by_group(found)
    assert [len(region.shape.geoms) for region in joined.regions] == [2, 1]
    assert joined.numbers == ((1, 2), (3,))


# Round trips


def coordinates(limit: int) -> st.SearchStrategy[float]:
    return st.integers(0, limit * 1000).map(lambda value: value / 1000)


POLYGONS = st.lists(st.tuples(coordinates(100), coordinates(80)), min_size=3, max_size=9)
EXTRAS = st.dictionaries(
    st.text(min_size=1, max_size=5).filter(
        lambda key: key not in document() and key not in shape()
    ),
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.lists(st.floats(), max_size=2),
    max_size=3,
)


@settings(max_examples=60)
@given(st.lists(st.tuples(POLYGONS, EXTRAS), max_size=3), EXTRAS)
def test_an_unchanged_file_is_written_as_it_was_read(
    shapes: list[tuple[list[tuple[float, float]], dict[str, Any]]], extras: dict[str, Any]
) -> None:
    drawn = [shape(points=points, **extra) for points, extra in shapes]
    value = document(shapes=drawn, **extras)
    text = json.dumps(value, indent=2, ensure_ascii=False)
    parsed = labelme.parse(text.encode("utf-8", "backslashreplace")) if _encodable(text) else None
    if parsed is None:
        return
    assert labelme.serialise(parsed).decode() == text
    try:
        found = labelme_regions.outlines(parsed, **SIZE, labels=LABELS)
    except InvalidInput:
        return
    again = labelme_export.updated_document(
        parsed, found, found.regions, image_path="a.png", **SIZE
    )
    assert labelme.encode(again).decode() == text


def _encodable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


REGION_SHAPES = st.lists(POLYGONS, min_size=1, max_size=4).map(
    lambda rings: normalise(
        normalise(Polygon(rings[0])).difference(normalise(Polygon(rings[-1])))
        if len(rings) > 2
        else Polygon(rings[0])
    )
)
REGIONS = st.lists(
    st.builds(
        Region,
        st.sampled_from(["RF", "VI"]),
        REGION_SHAPES.filter(lambda found: found.area > 1),
        st.sampled_from([(), ("left",), ("left", "deep")]),
    ),
    max_size=3,
)


@settings(max_examples=60)
@given(REGIONS)
def test_regions_drawn_here_come_back_the_same(regions: list[Region]) -> None:
    value = labelme_export.new_document(regions, image_path="a.png", **SIZE)

    found = labelme_regions.outlines(
        labelme.parse(labelme.encode(value)), **SIZE, labels=LABELS
    ).regions

    distinct: list[Region] = []
    for region in regions:
        if region.cut or len(region.shape.geoms) > 1 or not any(_same(region, o) for o in distinct):
            distinct.append(region)
    assert len(found) == len(distinct)
    for region, other in zip(distinct, found, strict=True):
        assert (region.label, region.cut) == (other.label, other.cut)
        assert region.shape.symmetric_difference(other.shape).area < 0.05


def _same(region: Region, other: Region) -> bool:
    """Whether two shapes are written alike, which a reader takes once."""
    plain = not other.cut and len(other.shape.geoms) == 1
    return plain and region.label == other.label and region.shape.equals(other.shape)


def test_a_hole_comes_back_and_its_ring_begins_where_labelme_keeps_it() -> None:
    region = Region(
        "RF",
        normalise(
            box(0, 0, 60, 60).difference(box(10, 10, 20, 20)).difference(box(30, 30, 50, 50))
        ),
    )

    ring = labelme_export.bridged_ring(region.shape.geoms[0]).tolist()

    assert ring.count(ring[0]) == 1
    assert normalise(Polygon(ring)).equals(region.shape)


def test_only_the_changed_shape_is_rewritten_and_keeps_its_other_keys() -> None:
    first = shape(score=0.5, group_id=3)
    landmark = shape(shape_type="point", points=[[1, 2]], label="a landmark")
    value = document(
        first, landmark, shape(label="VI", points=[[50, 10], [60, 10], [60, 20]]), odd=1e-7
    )
    parsed = labelme.parse(as_bytes(value))
    found = labelme_regions.outlines(parsed, **SIZE, labels=LABELS)
    changed = Region("RF", normalise(box(11, 11, 29, 29)))
    added = Region("VI", normalise(box(0, 60, 20, 70)), ("left",))

    again = json.loads(
        labelme.encode(
            labelme_export.updated_document(
                parsed, found, [changed, found.regions[1], added], image_path="a.png", **SIZE
            )
        )
    )

    assert [each["label"] for each in again["shapes"]] == ["RF", "a landmark", "VI", "VI"]
    assert again["shapes"][0]["score"] == 0.5
    assert again["shapes"][0]["group_id"] == 3
    assert again["shapes"][0]["points"] != first["points"]
    assert again["shapes"][1] == landmark
    assert again["shapes"][3]["myotrace"]["cut"] == ["left"]
    assert again["odd"] == 1e-7


def test_a_deleted_region_leaves_the_file() -> None:
    parsed = labelme.parse(
        as_bytes(document(shape(), shape(label="VI", points=[[50, 10], [60, 10], [60, 20]])))
    )
    found = labelme_regions.outlines(parsed, **SIZE, labels=LABELS)

    again = labelme_export.updated_document(
        parsed, found, found.regions[1:], image_path="a.png", **SIZE
    )

    assert [each["label"] for each in again["shapes"]] == ["VI"]


def test_a_cropped_image_moves_every_point() -> None:
    value = document(shape(), shape(shape_type="point", points=[[12, 14]]))
    parsed = labelme_export.moved(labelme.parse(as_bytes(value)), -10, -5)

    assert parsed.shapes[0].points[0] == (0, 5)
    assert json.loads(labelme.serialise(parsed))["shapes"][1]["points"] == [[2.0, 9.0]]
    assert (parsed.width, parsed.height) == (None, None)


# Files as found in public repositories


@needs_shared
def test_files_of_public_repositories() -> None:
    folder = SHARED / "data" / "labelme_files"
    with (folder / "index.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 58
    for row in rows:
        data = (folder / row["file"]).read_bytes()
        if row["version"].startswith("NOT-JSON"):
            with pytest.raises(InvalidInput, match="not valid JSON at line 1"):
                labelme.parse(data)
            continue
        parsed = labelme.parse(data)
        kinds = {
            "polygon" if k == "ABSENT" else k: n for k, n in json.loads(row["shape_types"]).items()
        }
        regions = sum(n for k, n in kinds.items() if k in labelme.REGION_TYPES)
        known = {label: label for label in labelme_regions.labels_used(parsed)}
        found = labelme_regions.outlines(
            parsed, width=parsed.width or 4000, height=parsed.height or 4000, labels=known
        )
        assert len(parsed.shapes) == int(row["n_shapes"]), row["file"]
        assert sum(len(numbers) for numbers in found.numbers) == regions, row["file"]
        assert len(found.without_region) == len(parsed.shapes) - regions, row["file"]
        assert loads(labelme.serialise(parsed).decode()) == loads(data.decode()), row["file"]
        assert (parsed.image_data is not None) == row["imageData"].startswith("base64")
        if parsed.image_data:
            assert base64.b64decode(parsed.image_data, validate=True)


@needs_shared
@pytest.mark.parametrize("name", ["muscle_longitudinal", "nerve_vessel"])
def test_the_real_sets_are_taken_without_a_word(name: str) -> None:
    for path in sorted((SHARED / "data" / name / "labelme").glob("*.json"))[:40]:
        parsed = labelme.parse(path.read_bytes())
        known = {label: label for label in labelme_regions.labels_used(parsed)}
        found = labelme_regions.outlines(
            parsed, width=parsed.width or 0, height=parsed.height or 0, labels=known
        )
        assert parsed.warnings == ()
        assert len(found.regions) == len(parsed.shapes)
        assert labelme.serialise(parsed) == path.read_bytes().rstrip(b"\n")
