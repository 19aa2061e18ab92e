import assert from "node:assert/strict";
import { test } from "node:test";

import { partsArea } from "#editor/geometry.js";
import { isSound } from "#editor/regions.js";
import { overlapArea } from "#editor/shapes.js";
import { reshape } from "#editor/topology.js";

import { circle, randomFrom, rectangle, region, wobbly } from "./shapes-of-tests.js";

/** @typedef {import("#editor/geometry.js").Region} Region */

const LEFT = region("PL", rectangle(0, 0, 50, 100));
const RIGHT = region("PB", rectangle(50, 0, 100, 100));

/** @param {Region[] | null} regions @returns {Region[]} */
function present(regions) {
  assert.ok(regions);
  return regions;
}

/** @param {Region[]} regions */
function areas(regions) {
  return regions.map(({ parts }) => Math.round(partsArea(parts) * 100) / 100);
}

test("what a region gains is taken from its neighbour", () => {
  const after = present(reshape([LEFT, RIGHT], 0, "replace", [[rectangle(0, 0, 60, 100)]]));
  assert.deepEqual(areas(after), [6000, 4000]);
});

test("what a region loses at a shared border goes to the neighbour", () => {
  const after = present(reshape([LEFT, RIGHT], 0, "replace", [[rectangle(0, 0, 40, 100)]]));
  assert.deepEqual(areas(after), [4000, 6000]);
});

test("what it loses at the background goes to the background", () => {
  const after = present(reshape([LEFT, RIGHT], 0, "replace", [[rectangle(10, 0, 50, 100)]]));
  assert.deepEqual(areas(after), [4000, 5000]);
  assert.equal(after[1], RIGHT, "the neighbour is not touched at all");
});

test("unlinked, a loss leaves a gap, and a gain still takes", () => {
  const loss = present(reshape([LEFT, RIGHT], 0, "replace", [[rectangle(0, 0, 40, 100)]], { linked: false }));
  assert.deepEqual(areas(loss), [4000, 5000]);
  const gain = present(reshape([LEFT, RIGHT], 0, "replace", [[rectangle(0, 0, 60, 100)]], { linked: false }));
  assert.deepEqual(areas(gain), [6000, 4000]);
});

test("each lost piece goes to one neighbour only, that with most of its border", () => {
  const upper = region("PB", rectangle(50, 0, 100, 30));
  const lower = region("RF", rectangle(50, 30, 100, 100));
  const after = present(reshape([LEFT, upper, lower], 0, "replace", [[rectangle(0, 0, 40, 100)]]));
  assert.deepEqual(areas(after), [4000, 1500, 4500]);
});

test("more than half of a region is handed to nobody", () => {
  const after = present(reshape([LEFT, RIGHT], 0, "replace", [[rectangle(0, 0, 20, 100)]]));
  assert.deepEqual(areas(after), [2000, 5000]);
});

test("a small piece cut off the neighbour is the region's own, a large one stays", () => {
  const across = [[rectangle(60, -10, 92, 110)]];
  const small = present(reshape([LEFT, RIGHT], 0, "add", across, { smallest: 1000 }));
  assert.deepEqual(areas(small).slice(1), [1000]);
  const kept = present(reshape([LEFT, RIGHT], 0, "add", across, { smallest: 60 }));
  assert.equal(kept[1].parts.length, 2);
  assert.deepEqual(areas(kept).slice(1), [1800]);
});

test("an island and a hole that were there before stay, however small", () => {
  const holed = region("RF", rectangle(0, 0, 50, 50), circle(8, 2, 10, 10).reverse());
  holed.parts.push([rectangle(80, 80, 82, 82)]);
  const after = present(reshape([holed], 0, "add", [[rectangle(40, 20, 60, 30)]], { smallest: 60 }));
  assert.deepEqual(after[0].parts.map((part) => part.length).sort(), [1, 2]);
});

test("a new hole too small to be meant is filled, a larger one is kept", () => {
  const block = region("RF", rectangle(0, 0, 50, 50));
  const small = [[rectangle(20, 20, 22, 22)]];
  assert.deepEqual(areas(present(reshape([block], 0, "take", small, { smallest: 60 }))), [2500]);
  assert.deepEqual(areas(present(reshape([block], 0, "take", small))), [2496]);
});

test("what is drawn into another region of the same label joins it", () => {
  const far = region("PL", rectangle(70, 0, 100, 100));
  const after = present(reshape([LEFT, far], 0, "add", [[rectangle(40, 40, 80, 60)]]));
  assert.equal(after.length, 1);
  assert.deepEqual(areas(after), [5000 + 3000 + 20 * 20]);
});

test("nothing is left of a region that loses all", () => {
  assert.equal(reshape([LEFT], 0, "take", [[rectangle(-1, -1, 60, 101)]]), null);
});

test("a neighbour that is covered disappears", () => {
  const small = region("PB", circle(20, 5, 30, 30));
  const after = present(reshape([region("PL", rectangle(0, 0, 20, 100)), small], 0, "add", [[rectangle(10, 0, 60, 100)]]));
  assert.deepEqual(after.map(({ label }) => label), ["PL"]);
});

test("points away from the gesture stay bit for bit, in their order", () => {
  const ring = circle(150, 80).map(([x, y]) => /** @type {[number, number]} */ ([Math.round(x * 1000) / 1000, Math.round(y * 1000) / 1000]));
  const after = present(reshape([region("RF", ring)], 0, "take", [[rectangle(270, 180, 300, 220)]]));
  const outline = after[0].parts[0][0];
  const kept = ring.filter(([x, y]) => !(x > 270 && y > 180 && y < 220));
  assert.deepEqual(outline.filter((point) => ring.some((old) => String(old) === String(point))).length, kept.length);
  assert.ok(kept.length > 130);
});

test("a ring begins where it began before, a new one where it was drawn", () => {
  const grown = present(reshape([LEFT, RIGHT], 1, "add", [[rectangle(80, 40, 120, 60)]]));
  assert.deepEqual(grown[1].parts[0][0][0], [50, 0]);
  const fresh = present(reshape([region("PL")].map((one) => ({ ...one, parts: [] })), 0, "add", [[rectangle(7, 8, 20, 30)]]));
  assert.deepEqual(fresh[0].parts, [[rectangle(7, 8, 20, 30)]]);
});

test("a border drawn by two hands, a hair apart, never overlaps", () => {
  const slanted = region("PB", [[50.0004, 0], [100, 0], [100, 100], [49.9996, 100]]);
  const after = present(reshape([LEFT, slanted], 0, "replace", [[[[0, 0], [50.001, 0], [50, 100], [0, 100]]]]));
  assert.ok(overlapArea(after[0].parts, after[1].parts) < 1e-9);
});

test("600 random gestures on four structures: sound, never overlapping, nothing lost in between", () => {
  const random = randomFrom(11);
  /** @type {Region[]} */
  let regions = [
    region("A", rectangle(100, 100, 200, 200)),
    region("B", rectangle(200, 100, 300, 200)),
    region("C", rectangle(100, 200, 200, 300)),
    region("D", rectangle(200, 200, 300, 300)),
  ];
  const start = regions;
  const hows = /** @type {const} */ (["add", "take", "replace"]);
  for (let round = 0; round < 600; round += 1) {
    if (round % 12 === 0) regions = start;
    const index = Math.floor(random() * regions.length);
    const how = hows[Math.floor(random() * (round % 4 ? 2 : 3))];
    const blob = wobbly(random, 12 + Math.floor(random() * 60));
    const after = reshape(regions, index, how, [[blob]], { linked: random() < 0.8, smallest: random() < 0.5 ? 60 : 0.5 });
    if (!after) continue;
    assert.ok(isSound(after), `round ${round}`);
    after.forEach((one, i) =>
      after.slice(i + 1).forEach((other) => {
        assert.ok(overlapArea(one.parts, other.parts) < 1e-6, `round ${round}: ${one.label} and ${other.label}`);
      }),
    );
    regions = after;
  }
});

test("a locked neighbour loses nothing, gains nothing and keeps every point; what is drawn ends at it", () => {
  const locked = new Set(["PB"]);
  const gain = present(reshape([LEFT, RIGHT], 0, "replace", [[rectangle(0, 20, 60, 80)]], { locked }));
  assert.equal(gain[1], RIGHT);
  assert.deepEqual(areas(gain), [3000, 5000]);
  const loss = present(reshape([LEFT, RIGHT], 0, "replace", [[rectangle(0, 0, 40, 100)]], { locked }));
  assert.equal(loss[1], RIGHT);
  assert.deepEqual(areas(loss), [4000, 5000]);
});

test("a locked region itself is not changed", () => {
  const regions = [LEFT, RIGHT];
  assert.equal(reshape(regions, 0, "take", [[rectangle(0, 0, 40, 100)]], { locked: new Set(["PL"]) }), regions);
});

test("300 random gestures leave locked structures the very same, and overlap them by less than 0.05 px2", () => {
  const random = randomFrom(11);
  const hold = region("PB", circle(60, 30, 75, 60));
  const locked = new Set(["PB"]);
  let regions = present(reshape([region("PL", circle(40, 30, 40, 60)), hold], 1, "replace", hold.parts, {}));
  const kept = regions[1];
  for (let turn = 0; turn < 300; turn += 1) {
    const blob = circle(24, 5 + 15 * random(), 20 + 90 * random(), 20 + 90 * random());
    const at = regions.findIndex(({ label }) => label === "PL");
    const after = reshape(regions, at, random() < 0.7 ? "add" : "take", [[blob]], { locked, linked: random() < 0.8, smallest: 60 });
    regions = after ?? regions;
    assert.ok(regions.includes(kept));
    const own = regions.filter(({ label }) => label === "PL");
    for (const { parts } of own) assert.ok(overlapArea(parts, kept.parts) < 0.05);
  }
});
