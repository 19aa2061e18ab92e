import assert from "node:assert/strict";
import { test } from "node:test";

import { Arrangement } from "#editor/arrangement.js";
import { borderFindings } from "#editor/borders.js";
import { crossesItself, partsArea, ringArea } from "#editor/geometry.js";
import { between, ringBetween } from "#editor/interpolation.js";
import { shifted } from "#editor/carrying.js";
import { overlapArea, windingRings } from "#editor/shapes.js";

import { circle, randomFrom, rectangle, region, wobbly } from "./shapes-of-tests.js";

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

/**
 * An outline cut in two along a line from one of its corners to another: two regions that adjoin.
 * @param {() => number} random @param {number} count of corners @param {number} [middle] how many corners the cut has
 */
function cutInTwo(random, count, middle = 6) {
  const around = wobbly(random, count);
  const [cx, cy] = centreOf(around);
  const half = Math.floor(count / 2);
  /** @type {Ring} */
  const cut = Array.from({ length: middle }, (_, index) => {
    const along = (index + 1) / (middle + 1);
    const [[ax, ay], [bx, by]] = [around[half], around[0]];
    const [x, y] = [ax + (bx - ax) * along, ay + (by - ay) * along];
    const [nearX, nearY] = [x + (cx - x) * 0.4, y + (cy - y) * 0.4];
    return [Math.round((nearX + 6 * random()) * 1000) / 1000, Math.round((nearY + 6 * random()) * 1000) / 1000];
  });
  const first = region("PL", [...around.slice(0, half + 1), ...cut]);
  const second = region("PB", [...around.slice(half), around[0], ...cut.toReversed()]);
  return [first, second];
}

/** @param {Ring} ring @returns {[number, number]} */
function centreOf(ring) {
  const mean = (/** @type {0 | 1} */ axis) => ring.reduce((sum, point) => sum + point[axis], 0) / ring.length;
  return [mean(0), mean(1)];
}

/** Exact, by faces: what lies in two regions, and what is enclosed by regions and in none. @param {import("#editor/geometry.js").Region[]} regions */
function flaws(regions) {
  const laid = new Arrangement(regions.map(({ parts }) => windingRings(parts)));
  let [overlap, gap, shared] = [0, 0, 0];
  laid.faces.forEach(({ windings, area }, face) => {
    const holders = windings.filter((n) => n > 0).length;
    if (face > 0 && holders === 0) gap += area;
    if (holders > 1) overlap += area;
  });
  const isIn = (/** @type {number} */ face) => laid.faces[face].windings.some((n) => n > 0);
  for (const { left, right, length } of laid.borders) if (isIn(left) && isIn(right)) shared += length;
  return { overlap, gap, shared };
}

/** @param {import("#editor/geometry.js").Region[]} from @param {import("#editor/geometry.js").Region[]} to @param {string} which */
function staysShared(from, to, which) {
  for (const share of [0.01, 0.125, 0.31, 0.5, 0.77, 0.99]) {
    const middle = between(from, to, share);
    assert.equal(middle.length, from.length, which);
    const { overlap, gap, shared } = flaws(middle);
    assert.ok(overlap < 0.001, `${which} at ${share}: overlap ${overlap}`);
    assert.ok(gap < 0.001, `${which} at ${share}: gap ${gap}`);
    const least = Math.min(flaws(from).shared, flaws(to).shared) / 2;
    assert.ok(shared > least, `${which} at ${share}: ${shared} px in common`);
    assert.deepEqual(borderFindings(middle, null), [], `${which} at ${share}`);
    for (const ring of middle.flatMap(({ parts }) => parts.flat())) assert.ok(!crossesItself(ring));
  }
}

test("a border that two structures share stays one border in every frame between", () => {
  const random = randomFrom(11);
  for (let pair = 0; pair < 25; pair += 1) {
    const from = cutInTwo(random, 12 + 2 * (pair % 9), 3 + (pair % 5));
    const to = cutInTwo(random, 10 + 2 * (pair % 7), 2 + (pair % 6));
    staysShared(from, to, `pair ${pair}`);
  }
});

test("so it does where only one of the two has all its corners", () => {
  const from = [
    region("PL", rectangle(0, 0, 100, 50)),
    region("PB", [[0, 50], [31, 50], [77.3, 50], [100, 50], [100, 120], [0, 120]]),
  ];
  const to = [
    region("PL", [[10, 5], [110, 15], [110, 70], [60, 62.5], [10, 55]]),
    region("PB", [[10, 55], [110, 70], [110, 130], [20, 130]]),
  ];
  staysShared(from, to, "corners");
});

test("so do three structures that meet in a point, and one inside another", () => {
  const thirds = (/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ wide) => [
    region("A", [[x, y], [x + wide, y], [x + wide, y + 40], [x, y + 40]]),
    region("B", [[x, y + 40], [x + 50, y + 40], [x + 50, y + 90], [x, y + 90]]),
    region("C", [[x + 50, y + 40], [x + wide, y + 40], [x + wide, y + 90], [x + 50, y + 90]]),
  ];
  staysShared(thirds(0, 0, 100), thirds(13, 22, 120), "thirds");
  const inside = (/** @type {number} */ moved, /** @type {number} */ radius) => [
    region("A", circle(40, 80, 200 + moved), circle(24, radius, 200 + moved).reverse()),
    region("B", circle(24, radius, 200 + moved)),
  ];
  staysShared(inside(0, 30), inside(21, 44), "inside");
});

test("what is carried over keeps its shared border, on the image's edge, too", () => {
  const regions = [
    region("PL", rectangle(0, 0, 100, 50)),
    region("PB", [[0, 50], [31.337, 50], [77.3, 50], [100, 50], [90, 120], [0, 120]]),
  ];
  const slanted = [
    region("PL", [[0, 0], [99, 0], [99, 33], [0, 0.5]]),
    region("PB", [[0, 0.5], [49.5, 16.75], [99, 33], [90, 120], [0, 120]]),
  ];
  for (const [shift, from] of /** @type {[[number, number], typeof regions][]} */ ([
    [[3.1234, -1.777], regions],
    [[-20.05, 1.5], regions],
    [[-20.0505, 1.5117], slanted],
    [[4.4444, -3.3333], slanted],
  ])) {
    const carried = shifted(from, shift, { width: 400, height: 400 });
    const { overlap, gap } = flaws(carried);
    assert.ok(overlap < 0.001 && gap < 0.001, `${shift}: overlap ${overlap}, gap ${gap}`);
    assert.deepEqual(borderFindings(carried, null), []);
  }
});
