import assert from "node:assert/strict";
import { test } from "node:test";

import {
  crossesItself,
  crossing,
  footOnRing,
  inImage,
  insideRings,
  partsArea,
  ringArea,
  ringsCross,
  simplifyLine,
  simplifyRing,
  tidyRing,
} from "#editor/geometry.js";

import { circle, rectangle } from "./shapes-of-tests.js";

test("area takes holes off and does not mind the direction", () => {
  const hole = rectangle(2, 2, 4, 4).reverse();
  assert.equal(partsArea([[rectangle(0, 0, 10, 10), hole]]), 96);
  assert.equal(partsArea([[rectangle(0, 0, 10, 10).reverse(), hole]]), 96);
  assert.equal(partsArea([]), 0);
});

test("points are kept inside the image and on the grid", () => {
  assert.deepEqual(inImage([-3, 400.5], 384, 400), [0, 400]);
  assert.deepEqual(inImage([1.23456, 2], 384, 400), [1.235, 2]);
});

test("a point in a hole is outside", () => {
  const rings = [rectangle(0, 0, 10, 10), rectangle(4, 4, 6, 6)];
  assert.equal(insideRings([5, 5], rings), false);
  assert.equal(insideRings([1, 5], rings), true);
  assert.equal(insideRings([11, 5], rings), false);
});

test("the foot on a ring lies on its nearest edge", () => {
  const foot = footOnRing([5, -2], rectangle(0, 0, 10, 10));
  assert.deepEqual(foot, { index: 0, point: [5, 0], distance: 2, fraction: 0.5 });
  const closing = footOnRing([-1, 5], rectangle(0, 0, 10, 10));
  assert.equal(closing.index, 3);
});

test("segments cross where they cross, and parallel ones never", () => {
  assert.deepEqual(crossing([0, 0], [4, 4], [0, 4], [4, 0])?.point, [2, 2]);
  assert.equal(crossing([0, 0], [4, 0], [0, 1], [4, 1]), null);
  assert.equal(crossing([0, 0], [1, 1], [3, 0], [0, 3]), null);
});

test("a bow tie crosses itself, a star-shaped outline does not", () => {
  assert.equal(crossesItself([[0, 0], [10, 10], [10, 0], [0, 10]]), true);
  assert.equal(crossesItself(circle(40, 30)), false);
});

test("an edge that folds back onto its neighbour crosses itself", () => {
  assert.equal(crossesItself([[0, 0], [10, 0], [5, 0], [5, 5]]), true);
  assert.equal(crossesItself([[0, 0], [10, 0], [10, 10], [5, 0]]), true);
});

test("an outline of 20,000 points is looked through in a moment", () => {
  const ring = circle(20_000, 150);
  const begun = performance.now();
  assert.equal(crossesItself(ring), false);
  assert.ok(performance.now() - begun < 2_000);
});

test("rings cross where edges do, not where they touch or one lies in the other", () => {
  const outer = rectangle(0, 0, 10, 10);
  assert.equal(ringsCross(outer, rectangle(5, 5, 15, 15)), true);
  assert.equal(ringsCross(outer, rectangle(2, 2, 4, 4)), false);
  assert.equal(ringsCross(outer, rectangle(10, 10, 20, 20)), false);
});

test("simplifying moves a line by no more than the tolerance and keeps its ends", () => {
  const line = circle(200, 80).slice(0, 150);
  const simple = simplifyLine(line, 0.35);
  assert.ok(simple.length < 40);
  assert.deepEqual([simple[0], simple.at(-1)], [line[0], line.at(-1)]);
  for (const point of line) assert.ok(footOnRing(point, simple).distance <= 0.35 + 1e-9);
});

test("a ring never falls below three points", () => {
  const sliver = tidyRing([[0, 0], [10, 0.1], [20, 0], [10, -0.1]]);
  assert.deepEqual(simplifyRing(sliver, 5), sliver);
  const round = circle(600, 50);
  const simple = simplifyRing(round, 0.35);
  assert.ok(simple.length >= 3 && simple.length < 100);
  assert.ok(Math.abs(ringArea(simple) / ringArea(round) - 1) < 0.01);
});

test("a tidy ring has no point twice in a row, not across its end either", () => {
  assert.deepEqual(tidyRing([[0, 0], [0, 0.0001], [5, 0], [5, 5], [0, 0]]), [[0, 0], [5, 0], [5, 5]]);
});
