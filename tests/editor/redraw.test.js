import assert from "node:assert/strict";
import { test } from "node:test";

import { distance, footOnRing, ringArea } from "#editor/geometry.js";
import { redraw } from "#editor/redraw.js";

import { circle, rectangle } from "./shapes-of-tests.js";

/** @typedef {import("#editor/geometry.js").Point} Point */

const SCALE = 1.5;
const TRUTH = circle(150, 80);

/** The truth with a dent between two vertices. @param {number} from @param {number} to @param {number} depth */
function dented(from, to, depth) {
  return TRUTH.map((/** @type {Point} */ [x, y], index) => {
    if (index < from || index > to) return /** @type {Point} */ ([x, y]);
    const share = Math.sin((Math.PI * (index - from)) / (to - from));
    const factor = 1 - (depth * share) / 80;
    return /** @type {Point} */ ([200 + (x - 200) * factor, 200 + (y - 200) * factor]);
  });
}

/** A stroke along the truth. @param {number} from @param {number} to */
function along(from, to) {
  return TRUTH.slice(from, to + 1);
}

/** Farthest that a ring's vertices are from the truth. @param {Point[]} ring */
function farthestFromTruth(ring) {
  return Math.max(...ring.map((point) => footOnRing(point, TRUTH).distance));
}

for (const [name, from, to] of /** @type {[string, number, number][]} */ ([
  ["a short stretch", 20, 30],
  ["a fifth of the border", 40, 70],
  ["half of the border", 30, 105],
  ["two thirds of the border", 20, 120],
])) {
  test(`one stroke mends ${name}`, () => {
    const found = redraw([dented(from, to, 20)], along(from, to), SCALE, 0.35);
    assert.ok(found);
    assert.ok(farthestFromTruth(found.choices[0].ring) < 0.5);
    assert.ok(Math.abs(ringArea(found.choices[0].ring) / ringArea(TRUTH) - 1) < 0.01);
  });

  test(`the direction of the stroke makes no difference for ${name}`, () => {
    const found = redraw([dented(from, to, 20)], along(from, to).reverse(), SCALE, 0.35);
    assert.ok(found);
    assert.ok(farthestFromTruth(found.choices[0].ring) < 0.5);
  });
}

test("vertices outside the stretch stay exactly where they were", () => {
  const ring = dented(40, 70, 15);
  const found = redraw([ring], along(40, 70), SCALE, 0.35);
  const kept = new Set(found?.choices[0].ring.map(String));
  const rounded = ring.map(([x, y]) => [Math.round(x * 1000) / 1000, Math.round(y * 1000) / 1000]);
  for (let index = 72; index < 150; index += 1) assert.ok(kept.has(String(rounded[index])));
});

test("a stroke across the outline replaces what lies between its crossings", () => {
  const found = redraw([rectangle(100, 100, 300, 300)], [[150, 60], [150, 250], [250, 250], [250, 60]], SCALE, 0.35);
  assert.ok(found);
  assert.equal(Math.abs(ringArea(found.choices[0].ring)), 200 * 200 - 100 * 150);
});

test("the other choice is the other side of the stroke", () => {
  const found = redraw([rectangle(100, 100, 300, 300)], [[100, 150], [300, 150]], SCALE, 0.35);
  assert.ok(found);
  const areas = found.choices.map(({ ring }) => Math.abs(ringArea(ring)));
  assert.deepEqual(areas, [200 * 150, 200 * 50]);
});

test("among several rings the one that the stroke lies on is meant", () => {
  const rings = [circle(60, 80), circle(60, 40)];
  const found = redraw(rings, circle(60, 40).slice(5, 20), SCALE, 0.35);
  assert.equal(found?.ring, 1);
});

test("a leak larger than the muscle is cut off the way the stroke runs", () => {
  const leaking = [...rectangle(100, 100, 200, 200)];
  leaking.splice(2, 0, [200, 120], [390, 90], [390, 290], [200, 180]);
  const stroke = /** @type {Point[]} */ ([[200, 118], [202, 130], [203, 150], [202, 170], [200, 182]]);
  const found = redraw([leaking], stroke, SCALE, 0.35);
  assert.ok(found);
  const areas = found.choices.map(({ ring }) => Math.abs(ringArea(ring)));
  assert.ok(areas.some((area) => Math.abs(area - 10000) < 300));
});

test("a stroke far from every outline is refused", () => {
  assert.equal(redraw([circle(60, 30)], [[20, 20], [60, 20]], SCALE, 0.35), null);
  assert.equal(redraw([], [[20, 20], [60, 20]], SCALE, 0.35), null);
});

test("a stroke that comes back to where it began is refused", () => {
  const [x, y] = TRUTH[0];
  assert.equal(redraw([TRUTH], [[x, y], [x + 30, y], [x, y]], SCALE, 0.35), null);
});

test("ends near the outline are drawn onto it", () => {
  const ring = rectangle(100, 100, 300, 300);
  const found = redraw([ring], [[150, 104], [200, 120], [250, 97]], SCALE, 0.35);
  assert.ok(found);
  const replaced = found.choices[0].ring;
  for (const end of /** @type {Point[]} */ ([[150, 100], [250, 100]])) {
    assert.ok(replaced.some((point) => distance(point, end) < 1e-9));
  }
});
