import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { distance, footOnRing, insideRings, partsArea, simplifyRing } from "#editor/geometry.js";
import { csaMm2, measureLabel, thickness } from "#editor/measurement.js";

import { rectangle, region } from "./shapes-of-tests.js";

/** @typedef {import("#editor/geometry.js").Point} Point */
/** @typedef {import("#editor/geometry.js").Ring} Ring */

/** The figures of `domain/measurement.py`; tests/domain keeps the file true. */
const golden = JSON.parse(
  readFileSync(new URL("../golden/measurement.json", import.meta.url), "utf8"),
);
/** @type {[number, number]} */
const spacing = [golden.spacing_mm.x, golden.spacing_mm.y];

/** @param {number} value @param {number} expected @param {number} tolerance @param {string} what */
function assertNear(value, expected, tolerance, what) {
  assert.ok(Math.abs(value - expected) <= tolerance, `${what}: ${value}, expected ${expected}`);
}

for (const { name, region: drawn, csa_mm2, thickness: expected } of golden.cases) {
  test(`CSA of ${name} is the server's`, () => {
    assertNear(csaMm2(drawn.parts, spacing), csa_mm2, 1e-6, "CSA");
  });

  for (const definition of ["max_vertical", "centroid_column", "central_third_mean"]) {
    test(`${definition} of ${name} is the server's`, () => {
      const found = thickness(drawn.parts, definition, spacing);
      const { value_px, value_mm, line } = expected[definition];
      assertNear(found.valuePx, value_px, 1e-6, "px");
      assertNear(found.valueMm ?? NaN, value_mm, 1e-6, "mm");
      found.line.flat().forEach((at, i) => assertNear(at, line.flat()[i], 1e-6, "line"));
    });
  }

  test(`max_inscribed_circle of ${name} is the server's within its tolerance`, () => {
    const found = thickness(drawn.parts, "max_inscribed_circle", spacing);
    const { value_px, value_mm } = expected.max_inscribed_circle;
    const tolerance = golden.circle_tolerance;
    assertNear(found.valuePx, value_px, tolerance, "px");
    assertNear(found.valueMm ?? NaN, value_mm, tolerance, "mm");
    const inMm = found.line.map(([x, y]) => /** @type {Point} */ ([x * spacing[0], y * spacing[1]]));
    assertNear(distance(inMm[0], inMm[1]), found.valueMm ?? NaN, 1e-6, "the line is a diameter");
  });
}

/** Both begin a ring where they like: a point more or less, and the area that goes with it. px2 */
const LEAST_AREA = 0.05;
const AREA_SHARE = 1e-4;

for (const { name, region: drawn, simplified } of golden.cases) {
  for (const { tolerance_px, points, area_px } of simplified) {
    test(`${name} simplified by ${tolerance_px} px is the server's but for a point`, () => {
      const parts = drawn.parts.map((/** @type {Ring[]} */ part) =>
        part.map((ring) => simplifyRing(ring, tolerance_px)),
      );
      assertNear(parts.flat(2).length, points, 1, "points");
      assertNear(partsArea(parts), area_px, Math.max(LEAST_AREA, AREA_SHARE * area_px), "area");
      drawn.parts.flat().forEach((/** @type {Ring} */ ring, /** @type {number} */ index) => {
        const away = ring.map((point) => footOnRing(point, parts.flat()[index]).distance);
        assert.ok(Math.max(...away) <= tolerance_px, `${Math.max(...away)} px away`);
      });
    });
  }
}

test("a notch that ends in the column does not hide what is open beside it", () => {
  const notched = [[0, 0], [10, 0], [12, 5], [10, 10], [0, 10], [10, 5]];
  const { valuePx, line } = thickness([[/** @type {Point[]} */ (notched)]], "max_vertical", null);
  assert.equal(valuePx, 10);
  assert.deepEqual(line, [[10, 0], [10, 10]]);
});

test("the largest circle touches the border and stays inside", () => {
  const outline = rectangle(0, 0, 100, 40);
  const { valuePx, line } = thickness([[outline]], "max_inscribed_circle", null);
  assertNear(valuePx, 40, 0.01, "diameter");
  const [x, y] = [(line[0][0] + line[1][0]) / 2, (line[0][1] + line[1][1]) / 2];
  assert.equal(insideRings([x, y], [outline]), true);
});

const site = { plane: "transverse", thickness_definition: "max_vertical", spacing };

test("nothing is in mm without a calibration", () => {
  const drawn = [region("RF", rectangle(0, 0, 10, 20))];
  const measured = measureLabel(drawn, "RF", { ...site, spacing: null });
  assert.equal(measured.drawn, true);
  assert.equal(measured.csaMm2, null);
  assert.equal(measured.csaPx2, 200);
  assert.equal(measured.thickness?.valueMm, null);
  assert.equal(measured.thickness?.valuePx, 20);
});

test("a longitudinal site gives thickness, never CSA", () => {
  const drawn = [region("VL", rectangle(0, 0, 10, 20))];
  const measured = measureLabel(drawn, "VL", { ...site, plane: "longitudinal" });
  assert.equal(measured.csaMm2, null);
  assert.equal(measured.csaPx2, null);
  assertNear(measured.thickness?.valueMm ?? NaN, 20 * spacing[1], 1e-9, "mm");
});

test("all regions of a label are measured together, and cut ones are said to be", () => {
  const drawn = [
    region("RF", rectangle(0, 0, 10, 20)),
    { ...region("RF", rectangle(50, 0, 60, 30)), cut: ["left"] },
    region("VI", rectangle(80, 0, 90, 10)),
  ];
  const measured = measureLabel(drawn, "RF", site);
  assertNear(measured.csaMm2 ?? NaN, 500 * spacing[0] * spacing[1], 1e-9, "CSA");
  assert.equal(measured.thickness?.valuePx, 30);
  assert.equal(measured.isVisibleCsa, true);
  assert.equal(measureLabel(drawn, "VI", site).isVisibleCsa, false);
});

test("what is not drawn has no measures", () => {
  assert.deepEqual(measureLabel([], "RF", site), {
    drawn: false,
    parts: 0,
    holes: 0,
    csaMm2: null,
    csaPx2: null,
    isVisibleCsa: false,
    thickness: null,
    echoIntensity: null,
  });
});
