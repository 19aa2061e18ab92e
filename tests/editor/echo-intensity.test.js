import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { echoIntensity } from "#editor/echo-intensity.js";
import { measureLabel } from "#editor/measurement.js";
import { eachRun } from "#editor/raster.js";

import { rectangle, region } from "./shapes-of-tests.js";

/** @typedef {import("#editor/geometry.js").Part} Part */

/** The figures of `domain/raster.py`; tests/domain keeps the file true. */
const golden = JSON.parse(
  readFileSync(new URL("../golden/measurement.json", import.meta.url), "utf8"),
);
const { width, height } = golden;

/** A picture of the golden size. @param {(row: number, column: number) => number} level */
function picture(level) {
  const values = Float64Array.from({ length: width * height }, (_, at) =>
    level(Math.floor(at / width), at % width),
  );
  return { values, width, height };
}

/** @param {Part[]} parts */
function figures(parts) {
  const found = { pixels: 0, sum_of_rows: 0, sum_of_columns: 0 };
  eachRun(parts, width, height, (row, from, to) => {
    for (let column = from; column < to; column += 1) {
      found.pixels += 1;
      found.sum_of_rows += row;
      found.sum_of_columns += column;
    }
  });
  return found;
}

for (const { name, region: drawn, mask } of golden.cases) {
  test(`the pixels of ${name} are the server's`, () => {
    assert.deepEqual(figures(drawn.parts), mask);
  });

  test(`the mean grey of ${name} is that of its pixels`, () => {
    const byRow = echoIntensity(drawn.parts, picture((row) => row));
    const byColumn = echoIntensity(drawn.parts, picture((_, column) => column));
    const mean = (/** @type {number} */ sum) => (mask.pixels ? sum / mask.pixels : null);
    assert.equal(byRow, mean(mask.sum_of_rows));
    assert.equal(byColumn, mean(mask.sum_of_columns));
  });
}

test("two regions with one border share no pixel and leave none out", () => {
  const left = figures([[rectangle(10.5, 10.5, 60.5, 40.25)]]);
  const right = figures([[rectangle(60.5, 10.5, 90.5, 40.25)]]);
  const both = figures([[rectangle(10.5, 10.5, 90.5, 40.25)]]);
  assert.equal(left.pixels + right.pixels, both.pixels);
});

test("the live table counts parts and holes and has no echo intensity before the scan", () => {
  const outline = rectangle(10, 10, 60, 60);
  const hole = rectangle(20, 20, 30, 30);
  const island = rectangle(70, 70, 80, 80);
  const regions = [region("RF", outline, hole.reverse()), region("RF", island)];
  const site = { plane: "transverse", thickness_definition: "max_vertical", spacing: null };
  const before = measureLabel(regions, "RF", site);
  assert.deepEqual([before.parts, before.holes, before.echoIntensity], [2, 1, null]);
  const grey = picture((row, column) => (row >= 20 && row < 30 && column < 30 ? 200 : 50));
  const after = measureLabel(regions, "RF", site, grey);
  assert.ok(after.echoIntensity && after.echoIntensity < 60);
});
