import assert from "node:assert/strict";
import { test } from "node:test";

import { partsArea } from "#editor/geometry.js";
import {
  addRing,
  claimGround,
  deleteVertices,
  detachVertex,
  edgeNear,
  insertVertex,
  isSound,
  moveVertex,
  regionAt,
  replaceRing,
  toggleCut,
  vertexNear,
} from "#editor/regions.js";
import { overlapArea } from "#editor/shapes.js";

import { circle, rectangle, region } from "./shapes-of-tests.js";

const LEFT = region("PL", rectangle(0, 0, 50, 100));
const RIGHT = region("PB", rectangle(50, 0, 100, 100));
const OUTER = { region: 0, part: 0, ring: 0 };

test("a vertex of a shared border moves in both regions", () => {
  const moved = moveVertex([LEFT, RIGHT], [50, 100], [55, 90]);
  for (const { parts } of moved) assert.ok(parts[0][0].some(([x, y]) => x === 55 && y === 90));
  assert.ok(LEFT.parts[0][0].some(([x]) => x === 50), "the old regions stay");
});

test("a vertex inserted on a shared edge stands in both regions", () => {
  const inserted = insertVertex([LEFT, RIGHT], [50, 0], [50, 100], [50, 40]);
  assert.deepEqual(inserted.map(({ parts }) => parts[0][0].length), [5, 5]);
  assert.equal(partsArea(inserted[0].parts), 5000);
});

test("deleting a vertex keeps at least a triangle", () => {
  const triangle = region("RF", [[0, 0], [10, 0], [0, 10]]);
  assert.equal(deleteVertices([triangle], [[10, 0]]), null);
  const less = deleteVertices([LEFT, RIGHT], [[50, 0]]);
  assert.deepEqual(less?.map(({ parts }) => parts[0][0].length), [3, 3]);
});

test("a hole of three points goes with its vertex", () => {
  const holed = region("RF", rectangle(0, 0, 50, 50), [[10, 10], [20, 10], [10, 20]]);
  assert.equal(deleteVertices([holed], [[20, 10]])?.[0].parts[0].length, 1);
});

test("a detached vertex leaves the neighbour's where it was, and never overlaps it", () => {
  const before = [LEFT, RIGHT];
  const apart = claimGround(before, detachVertex(before, 0, [50, 100], [40, 100]));
  assert.deepEqual(apart.map(({ parts }) => partsArea(parts)), [4500, 5000]);
  const into = claimGround(before, detachVertex(before, 0, [50, 100], [60, 100]));
  assert.deepEqual(into.map(({ parts }) => partsArea(parts)), [5500, 4500]);
});

test("several points go at once, and regions without them stay the same", () => {
  const round = region("RF", circle(20, 30, 300, 300));
  const after = deleteVertices([LEFT, round], round.parts[0][0].slice(3, 9));
  assert.equal(after?.[0], LEFT);
  assert.equal(after?.[1].parts[0][0].length, 14);
  assert.equal(deleteVertices([round], round.parts[0][0].slice(2)), null);
});

test("vertices and edges are found within reach only", () => {
  assert.equal(vertexNear([LEFT], [52, 3], 5)?.vertex, 1);
  assert.equal(vertexNear([LEFT], [60, 10], 5), null);
  assert.deepEqual(edgeNear([LEFT], [25, -2], 5)?.point, [25, 0]);
  assert.equal(edgeNear([LEFT], [25, 20], 5), null);
});

test("the smaller of two regions under a point is meant", () => {
  const around = region("PL", rectangle(0, 0, 100, 100));
  const small = region("PB", rectangle(40, 40, 60, 60));
  assert.equal(regionAt([around, small], [50, 50]), 1);
  assert.equal(regionAt([around, small], [5, 5]), 0);
  assert.equal(regionAt([around], [200, 5]), -1);
});

test("a bow tie and a hole that crosses its outline are not sound", () => {
  assert.equal(isSound([region("RF", [[0, 0], [10, 10], [10, 0], [0, 10]])]), false);
  assert.equal(isSound([region("RF", rectangle(0, 0, 50, 50), rectangle(40, 40, 60, 60))]), false);
  assert.equal(isSound([region("RF", rectangle(0, 0, 50, 50), rectangle(10, 10, 20, 20))]), true);
});

test("what is drawn is taken from the neighbours, never shared with them", () => {
  const drawn = addRing([LEFT], "PB", rectangle(40, 20, 90, 80));
  assert.ok(drawn);
  assert.equal(overlapArea(drawn[0].parts, drawn[1].parts), 0);
  assert.equal(partsArea(drawn[0].parts), 5000 - 10 * 60);
  assert.equal(partsArea(drawn[1].parts), 50 * 60);
});

test("drawing over a region of the same label extends it", () => {
  const drawn = addRing([LEFT], "PL", rectangle(40, 20, 90, 80));
  assert.equal(drawn?.length, 1);
  assert.equal(partsArea(drawn[0].parts), 5000 + 40 * 60);
});

test("a second outline apart from the first is a region of its own", () => {
  assert.equal(addRing([LEFT], "PL", rectangle(200, 0, 250, 50))?.length, 2);
});

test("a free-hand line that loops encloses what it goes round", () => {
  const eight = /** @type {import("#editor/geometry.js").Ring} */ ([[0, 0], [40, 40], [40, 0], [0, 40]]);
  const drawn = addRing([], "RF", eight);
  assert.ok(drawn && isSound(drawn));
  assert.equal(partsArea(drawn[0].parts), 800);
});

test("a ring without area is nothing", () => {
  assert.equal(addRing([], "RF", [[0, 0], [10, 0], [20, 0]]), null);
});

test("a redrawn border takes its new ground from the neighbour", () => {
  const after = replaceRing([LEFT, RIGHT], OUTER, rectangle(0, 0, 60, 100));
  assert.ok(after);
  assert.equal(partsArea(after[0].parts), 6000);
  assert.equal(partsArea(after[1].parts), 4000);
  assert.equal(overlapArea(after[0].parts, after[1].parts), 0);
});

test("holes survive redrawing, and are cut where the outline now lies inside them", () => {
  const holed = region("RF", rectangle(0, 0, 100, 100), rectangle(60, 40, 80, 60));
  const kept = replaceRing([holed], OUTER, rectangle(0, 0, 90, 100));
  assert.equal(partsArea(kept?.[0].parts ?? []), 9000 - 400);
  const cut = replaceRing([holed], OUTER, rectangle(0, 0, 70, 100));
  assert.ok(cut && isSound(cut));
  assert.equal(partsArea(cut[0].parts), 7000 - 10 * 20);
});

test("a neighbour that is covered wholly disappears", () => {
  const small = region("PB", circle(20, 5, 30, 30));
  const after = replaceRing([LEFT, small], OUTER, rectangle(0, 0, 60, 100));
  assert.deepEqual(after?.map(({ label }) => label), ["PL"]);
});

test("cut is said and unsaid for all regions of a label", () => {
  const cut = toggleCut([LEFT, RIGHT], "PL", "deep");
  assert.deepEqual(cut.map(({ cut: sides }) => sides), [["deep"], []]);
  assert.deepEqual(toggleCut(cut, "PL", "deep")[0].cut, []);
});
