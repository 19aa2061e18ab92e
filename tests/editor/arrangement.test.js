import assert from "node:assert/strict";
import { test } from "node:test";

import { Arrangement } from "#editor/arrangement.js";
import { partsArea } from "#editor/geometry.js";
import { isSound } from "#editor/regions.js";

import { circle, randomFrom, rectangle, wobbly } from "./shapes-of-tests.js";

/** @param {Arrangement} arrangement @param {number} layer @returns {(face: number) => boolean} */
function within(arrangement, layer) {
  return (face) => arrangement.faces[face].windings[layer] !== 0;
}

test("two squares that overlap make three faces and the outside", () => {
  const both = new Arrangement([[rectangle(0, 0, 10, 10)], [rectangle(5, 5, 15, 15)]]);
  assert.deepEqual(both.faces.slice(1).map(({ area }) => area).sort((a, b) => a - b), [25, 75, 75]);
  assert.deepEqual([...both.faces[0].windings], [0, 0]);
});

test("a ring inside another lies in its face", () => {
  const nested = new Arrangement([[rectangle(0, 0, 10, 10)], [rectangle(4, 4, 6, 6)]]);
  const areas = nested.faces.slice(1).map(({ area, windings }) => [area, ...windings]);
  assert.deepEqual(areas, [[96, 1, 0], [4, 1, 1]]);
});

test("a hole comes out as a hole, running the other way", () => {
  const nested = new Arrangement([[rectangle(0, 0, 10, 10)], [rectangle(4, 4, 6, 6)]]);
  const [parts] = nested.parts([(face) => nested.faces[face].windings[0] === 1 && !nested.faces[face].windings[1]]);
  assert.equal(parts.length, 1);
  assert.equal(parts[0].length, 2);
  assert.equal(partsArea(parts), 96);
});

test("squares that touch in a corner are two parts", () => {
  const touching = new Arrangement([[rectangle(0, 0, 10, 10)], [rectangle(10, 10, 20, 20)]]);
  const [parts] = touching.parts([(face) => face !== 0]);
  assert.equal(parts.length, 2);
  assert.deepEqual(parts.map((part) => part.length), [1, 1]);
});

test("a hole that touches the outline is a ring of its own", () => {
  const one = new Arrangement([[rectangle(0, 0, 10, 10)], [[[0, 5], [5, 3], [5, 7]]]]);
  const [parts] = one.parts([(face) => one.faces[face].windings[0] > 0 && !one.faces[face].windings[1]]);
  assert.equal(parts.length, 1);
  assert.equal(parts[0].length, 2);
  assert.ok(isSound([{ label: "", cut: [], parts }]));
});

test("a crossing that is no corner of the result is left out", () => {
  const crossed = new Arrangement([[rectangle(0, 0, 10, 10)], [[[3, -5], [8, 5], [4, 20]]]]);
  const [parts] = crossed.parts([within(crossed, 0)]);
  assert.deepEqual(new Set(parts[0][0].map(String)), new Set(rectangle(0, 0, 10, 10).map(String)));
});

test("pieces hang together by an edge, not by a point", () => {
  const touching = new Arrangement([[rectangle(0, 0, 10, 10)], [rectangle(10, 10, 20, 20)], [rectangle(5, 0, 10, 10)]]);
  assert.equal(touching.pieces((face) => face !== 0).length, 2);
});

test("400 random pairs: what one layer keeps and the other takes adds up, and all of it is sound", () => {
  const random = randomFrom(7);
  for (let round = 0; round < 400; round += 1) {
    const [first, second] = [wobbly(random, 40), wobbly(random, 40)];
    const both = new Arrangement([[first], [second]]);
    const [alone, common, other] = both.parts([
      (face) => both.faces[face].windings[0] > 0 && !both.faces[face].windings[1],
      (face) => both.faces[face].windings[0] > 0 && both.faces[face].windings[1] > 0,
      (face) => !both.faces[face].windings[0] && both.faces[face].windings[1] > 0,
    ]);
    const [whole] = new Arrangement([[first]]).faces.slice(1);
    assert.ok(Math.abs(partsArea(alone) + partsArea(common) - whole.area) < 0.05, `round ${round}`);
    for (const parts of [alone, common, other]) {
      assert.ok(isSound([{ label: "", cut: [], parts }]), `round ${round}`);
    }
    const corners = new Set([...alone, ...common].flat(2).map(String));
    const stay = first.filter((point) => corners.has(String(point)));
    assert.equal(stay.length, first.length, `round ${round}: every corner stays`);
  }
});

test("circles drawn over and over each other end", () => {
  const rings = Array.from({ length: 30 }, (_, index) => [circle(60, 50, 200 + index / 3000, 200)]);
  const heap = new Arrangement(rings);
  const [parts] = heap.parts([(face) => face !== 0]);
  assert.ok(isSound([{ label: "", cut: [], parts }]));
});
