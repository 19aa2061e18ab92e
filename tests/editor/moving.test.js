import assert from "node:assert/strict";
import { test } from "node:test";

import { bounds, partsArea } from "#editor/geometry.js";
import { mirrored, moved } from "#editor/moving.js";

import { rectangle, region } from "./shapes-of-tests.js";

const IMAGE = { width: 200, height: 100 };
const LEFT = { ...region("PL", rectangle(10, 20, 60, 80)), cut: ["left", "deep"] };
const RIGHT = region("PB", rectangle(60, 20, 90, 80));

/** @param {import("#editor/geometry.js").Region} one */
function box(one) {
  return bounds(one.parts.flat());
}

test("all outlines move by the same way and keep their size", () => {
  const after = moved([LEFT, RIGHT], [7, -5], IMAGE);
  assert.deepEqual(after.map(box), [[17, 15, 67, 75], [67, 15, 97, 75]]);
  assert.deepEqual(after[0].cut, LEFT.cut);
});

test("what leaves the image is cut off, and what is off it altogether goes", () => {
  const after = moved([LEFT, RIGHT], [-70, 0], IMAGE);
  assert.deepEqual(after.map(({ label }) => label), ["PB"]);
  assert.equal(partsArea(after[0].parts), 20 * 60);
});

test("mirrored, neighbours change sides and cuts do, too", () => {
  const after = mirrored([LEFT, RIGHT], IMAGE);
  assert.deepEqual(after.map(box), [[40, 20, 90, 80], [10, 20, 40, 80]]);
  assert.deepEqual(after[0].cut, ["right", "deep"]);
});

test("mirrored twice is as before", () => {
  const twice = mirrored(mirrored([LEFT, RIGHT], IMAGE), IMAGE);
  assert.deepEqual(twice.map(box), [LEFT, RIGHT].map(box));
  assert.deepEqual(twice[0].cut, LEFT.cut);
});
