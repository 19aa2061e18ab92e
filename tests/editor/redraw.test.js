import assert from "node:assert/strict";
import { test } from "node:test";

import { crossesItself, distance, footOnRing, ringArea } from "#editor/geometry.js";
import { cutAcross, redraw, stretchAlong } from "#editor/redraw.js";

import { circle, rectangle } from "./shapes-of-tests.js";
import { ignoredShare } from "./simulated-hands.js";

/** @typedef {import("#editor/geometry.js").Point} Point */

const SCALE = 1.5;
const TRUTH = circle(150, 80);

/** What a stroke does, or the test ends. @param {Point[][]} rings @param {Point[]} stroke @param {(ring: number) => boolean} [isPreferred] */
function drawn(rings, stroke, isPreferred) {
  const found = redraw(rings, stroke, SCALE, 0.35, isPreferred);
  assert.ok("choices" in found, "the stroke is refused");
  return found;
}

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
    const found = drawn([dented(from, to, 20)], along(from, to));
    assert.ok(farthestFromTruth(found.choices[0].ring) < 0.5);
    assert.ok(Math.abs(ringArea(found.choices[0].ring) / ringArea(TRUTH) - 1) < 0.01);
  });

  test(`the direction of the stroke makes no difference for ${name}`, () => {
    const found = drawn([dented(from, to, 20)], along(from, to).reverse());
    assert.ok(farthestFromTruth(found.choices[0].ring) < 0.5);
  });
}

test("vertices outside the stretch stay exactly where they were", () => {
  const ring = dented(40, 70, 15);
  const found = drawn([ring], along(40, 70));
  const kept = new Set(found.choices[0].ring.map(String));
  const rounded = ring.map(([x, y]) => [Math.round(x * 1000) / 1000, Math.round(y * 1000) / 1000]);
  for (let index = 72; index < 150; index += 1) assert.ok(kept.has(String(rounded[index])));
});

test("a stroke across the outline replaces what lies between its crossings", () => {
  const found = drawn([rectangle(100, 100, 300, 300)], [[150, 60], [150, 250], [250, 250], [250, 60]]);
  assert.equal(Math.abs(ringArea(found.choices[0].ring)), 200 * 200 - 100 * 150);
});

test("the other choice is the other side of the stroke", () => {
  const found = drawn([rectangle(100, 100, 300, 300)], [[100, 150], [300, 150]]);
  const areas = found.choices.map(({ ring }) => Math.abs(ringArea(ring)));
  assert.deepEqual(areas, [200 * 150, 200 * 50]);
});

test("among several rings the one that the stroke lies on is meant", () => {
  const rings = [circle(60, 80), circle(60, 40)];
  const found = drawn(rings, circle(60, 40).slice(5, 20));
  assert.equal(found.ring, 1);
});

test("a leak larger than the muscle is cut off the way the stroke runs", () => {
  const leaking = [...rectangle(100, 100, 200, 200)];
  leaking.splice(2, 0, [200, 120], [390, 90], [390, 290], [200, 180]);
  const stroke = /** @type {Point[]} */ ([[200, 118], [202, 130], [203, 150], [202, 170], [200, 182]]);
  const found = drawn([leaking], stroke);
  const areas = found.choices.map(({ ring }) => Math.abs(ringArea(ring)));
  assert.ok(areas.some((area) => Math.abs(area - 10000) < 300));
});

test("a stroke far from every outline is refused", () => {
  assert.deepEqual(redraw([circle(60, 30)], [[20, 20], [60, 20]], SCALE, 0.35), { refused: "far" });
  assert.deepEqual(redraw([], [[20, 20], [60, 20]], SCALE, 0.35), { refused: "far" });
});

test("a stroke of which one end is far from everything is refused", () => {
  const [x, y] = TRUTH[0];
  assert.deepEqual(redraw([TRUTH], [[x, y], [x + 110, y + 5]], SCALE, 0.35), { refused: "far" });
});

test("a stroke that comes back to where it began and goes round nothing is refused", () => {
  const [x, y] = TRUTH[0];
  assert.deepEqual(redraw([TRUTH], [[x, y], [x + 30, y], [x, y]], SCALE, 0.35), { refused: "returns" });
});

test("ends near the outline come onto it, and the outline runs smoothly into the stroke", () => {
  const ring = rectangle(100, 100, 300, 300);
  const stroke = /** @type {Point[]} */ ([[150, 108], [200, 112], [250, 107]]);
  const [{ ring: replaced }] = drawn([ring], stroke).choices;
  for (const [x, y] of stroke) assert.ok(footOnRing([x, y], replaced).distance < 0.4);
  for (const corner of ring) assert.ok(replaced.some((point) => distance(point, corner) === 0));
  replaced.forEach((b, at) => {
    const [a, c] = [replaced.at(at - 1) ?? b, replaced[(at + 1) % replaced.length]];
    const cosine = ((a[0] - b[0]) * (c[0] - b[0]) + (a[1] - b[1]) * (c[1] - b[1])) / distance(a, b) / distance(b, c);
    assert.ok(cosine < 0.01, `a corner at ${b}`);
  });
});

test("both ends off on the same side: the whole stroke is put in", () => {
  for (const off of [8, 15, 25]) {
    const ring = rectangle(100, 100, 300, 300);
    const stroke = /** @type {Point[]} */ ([[130, 100 - off], [150, 100 - off], [200, 110], [250, 100 - off], [270, 100 - off]]);
    const [{ ring: replaced }] = drawn([ring], stroke).choices;
    assert.ok(ignoredShare(stroke, replaced, SCALE) < 0.15);
    assert.equal(crossesItself(replaced), false);
  }
});

test("loops in a stroke are taken out: no islands", () => {
  const ring = rectangle(100, 100, 300, 300);
  const stroke = /** @type {Point[]} */ ([[120, 100], [200, 90], [215, 75], [200, 65], [185, 75], [205, 92], [280, 100]]);
  const [{ ring: replaced }] = drawn([ring], stroke).choices;
  assert.equal(crossesItself(replaced), false);
  assert.ok(Math.min(...replaced.map(([, y]) => y)) > 85);
});

test("a closed stroke replaces the outline, whether its ends meet, cross, or leave a gap", () => {
  for (const turns of [0.96, 1, 1.05]) {
    const stroke = /** @type {Point[]} */ (
      Array.from({ length: 121 }, (_, at) => {
        const angle = (2 * Math.PI * turns * at) / 120;
        return [200 + 60 * Math.cos(angle), 200 + 60 * Math.sin(angle)];
      })
    );
    for (const outline of [circle(100, 75, 210, 195), circle(100, 110, 250, 220)]) {
      const [{ ring }] = drawn([outline], stroke).choices;
      for (const point of ring) assert.ok(Math.abs(distance(point, [200, 200]) - 60) < 1.5);
      assert.ok(Math.abs(Math.abs(ringArea(ring)) / (Math.PI * 3600) - 1) < 0.02);
    }
  }
});

test("a stroke round the tip of a thin muscle replaces the tip, not the muscle", () => {
  const thin = rectangle(100, 100, 300, 116);
  const stroke = /** @type {Point[]} */ ([[220, 99], [260, 98], [310, 104], [311, 112], [260, 118], [220, 117]]);
  const [{ ring }] = drawn([thin], stroke).choices;
  assert.ok(Math.abs(ringArea(ring)) > 3200);
});

test("the preferred ring is meant until another is clearly nearer", () => {
  const rings = [rectangle(100, 100, 200, 200), rectangle(205, 100, 300, 200)];
  const isFirst = (/** @type {number} */ ring) => ring === 0;
  const between = /** @type {Point[]} */ ([[204, 110], [207, 150], [204, 190]]);
  assert.equal(drawn(rings, between, isFirst).ring, 0);
  assert.equal(drawn(rings, between, (ring) => ring === 1).ring, 1);
  assert.equal(drawn(rings, [[299, 110], [310, 150], [301, 190]], isFirst).ring, 1);
});

test("a line across cuts a ring into two sides, however far its ends miss", () => {
  const ring = rectangle(100, 100, 300, 300);
  for (const [top, bottom] of [[80, 330], [110, 290], [85, 285]]) {
    const found = cutAcross([ring], [[180, top], [180, bottom]], SCALE, 0.35);
    const areas = found?.halves.map((half) => Math.abs(ringArea(half))).sort((a, b) => a - b);
    assert.deepEqual(areas, [80 * 200, 120 * 200]);
  }
});

test("the stretch along a stroke lies between its ends though both are off and the stroke crosses the outline", () => {
  const ring = rectangle(100, 100, 300, 300);
  const found = stretchAlong([ring], [[130, 90], [200, 104], [270, 92]], SCALE);
  assert.deepEqual(found?.stretch, [[130, 100], [270, 100]]);
  assert.equal(found?.rest.length, 4);
});
