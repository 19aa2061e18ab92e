import assert from "node:assert/strict";
import { test } from "node:test";

import { crossesItself, partsArea, ringArea } from "#editor/geometry.js";
import { between, ringBetween } from "#editor/interpolation.js";
import { overlapArea } from "#editor/shapes.js";

import { circle, rectangle, region } from "./shapes-of-tests.js";

/** @typedef {import("#editor/geometry.js").Ring} Ring */

/** @param {Ring} ring @param {number} dx @param {number} dy @returns {Ring} */
const moved = (ring, dx, dy) => ring.map(([x, y]) => [x + dx, y + dy]);

/** @param {Ring} ring @param {number} by @returns {Ring} */
const started = (ring, by) => [...ring.slice(by), ...ring.slice(0, by)];

/** A ring with no symmetry, of unevenly spaced points. @returns {Ring} */
const muscle = () =>
  Array.from({ length: 90 }, (_, index) => {
    const angle = 2 * Math.PI * (index / 90) ** 1.15;
    const radius = 70 + 20 * Math.cos(angle + 0.4) + 8 * Math.sin(3 * angle);
    return [190 + 1.4 * radius * Math.cos(angle), 180 + radius * Math.sin(angle)];
  });

/** @param {Ring} one @param {Ring} other */
function farthest(one, other) {
  return Math.max(
    ...one.map(([x, y]) => Math.min(...other.map(([a, b]) => Math.hypot(a - x, b - y)))),
  );
}

test("equal outlines give the same outline at every share", () => {
  const ring = rectangle(10, 20, 110, 90);
  for (const share of [0, 0.25, 0.5, 1]) assert.deepEqual(ringBetween(ring, ring, share), ring);
});

test("equal outlines of many points stay, whatever point they begin at", () => {
  const ring = muscle();
  for (const by of [0, 1, 17, 60]) {
    const middle = ringBetween(ring, started(ring, by), 0.5);
    assert.equal(middle.length, ring.length);
    assert.ok(farthest(middle, ring) < 0.001);
  }
});

test("a translation gives the part of the translation", () => {
  const ring = muscle();
  const middle = ringBetween(ring, started(moved(ring, 8, -4), 33), 0.5);
  assert.equal(middle.length, ring.length);
  assert.ok(farthest(middle, moved(ring, 4, -2)) < 0.001);
});

test("the way round does not matter", () => {
  const ring = muscle();
  const middle = ringBetween(ring, moved(ring, 6, 2).reverse(), 0.5);
  assert.ok(farthest(middle, moved(ring, 3, 1)) < 0.001);
  assert.equal(Math.sign(ringArea(middle)), Math.sign(ringArea(ring)));
});

test("the ends are the outlines themselves", () => {
  const [small, large] = [circle(40, 50), muscle()];
  assert.ok(farthest(small, ringBetween(small, large, 0)) < 0.001);
  assert.ok(farthest(large, ringBetween(small, large, 1)) < 0.001);
});

test("a growing circle is half grown half way", () => {
  const middle = ringBetween(circle(120, 40), circle(90, 60), 0.5);
  for (const [x, y] of middle) assert.ok(Math.abs(Math.hypot(x - 200, y - 200) - 50) < 0.1);
});

test("regions keep label, holes and cut", () => {
  const from = [{ ...region("RF", circle(40, 60), circle(20, 20).reverse()), cut: ["left"] }];
  const to = [{ ...region("RF", circle(40, 80), circle(20, 30).reverse()), cut: ["left"] }];
  const [middle] = between(from, to, 0.5);
  assert.equal(middle.label, "RF");
  assert.deepEqual(middle.cut, ["left"]);
  assert.equal(middle.parts[0].length, 2);
  const [outline, hole] = middle.parts[0];
  assert.ok(ringArea(outline) > 0 && ringArea(hole) < 0);
});

test("what only one frame has comes from the nearer frame", () => {
  const from = [region("RF", rectangle(0, 0, 50, 50))];
  const to = [region("RF", rectangle(0, 0, 50, 50)), region("VI", rectangle(60, 0, 90, 50))];
  assert.deepEqual(between(from, to, 0.4), from);
  assert.deepEqual(between(from, to, 0.6), to);
});

test("other parts are not mixed with each other", () => {
  const two = {
    label: "RF",
    cut: [],
    parts: [[rectangle(0, 0, 40, 40)], [rectangle(60, 0, 90, 40)]],
  };
  const one = region("RF", rectangle(0, 0, 90, 40));
  assert.deepEqual(between([two], [one], 0.3), [two]);
  assert.deepEqual(between([two], [one], 0.7), [one]);
});

test("what would cross itself is mended", () => {
  /** @type {Ring} */
  const hook = [[0, 0], [100, 0], [100, 60], [90, 60], [90, 10], [10, 10], [10, 60], [0, 60]];
  /** @type {Ring} */
  const turned = hook.map(([x, y]) => [100 - y, 60 - x]);
  for (const share of [0.2, 0.4, 0.5, 0.6, 0.8]) {
    const [middle] = between([region("RF", hook)], [region("RF", turned)], share);
    assert.ok(middle && partsArea(middle.parts) > 0);
    for (const ring of middle.parts.flat()) assert.ok(!crossesItself(ring));
  }
});

test("two structures with a common border do not come to overlap", () => {
  const from = [region("PL", rectangle(0, 0, 100, 50)), region("PB", rectangle(0, 50, 100, 120))];
  const to = [region("PL", rectangle(0, 10, 100, 80)), region("PB", rectangle(20, 80, 90, 130))];
  const [first, second] = between(from, to, 0.5);
  assert.ok(overlapArea(first.parts, second.parts) < 0.5);
});

test("nothing drawn gives nothing", () => {
  assert.deepEqual(between([], [], 0.5), []);
});
