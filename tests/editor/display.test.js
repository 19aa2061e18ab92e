import assert from "node:assert/strict";
import { test } from "node:test";

import { saveWords } from "#editor/save-words.js";
import { Viewport } from "#editor/viewport.js";
import { lookupTable } from "#editor/window-level.js";
import { WorkClock } from "#editor/work-clock.js";

test("grey levels are shown as acquired until somebody changes them", () => {
  assert.deepEqual([...lookupTable(0, 0)], Array.from({ length: 256 }, (_, grey) => grey));
});

test("brightness lifts all levels, contrast spreads them about the middle", () => {
  assert.ok(lookupTable(30, 0)[100] > 100);
  assert.ok(lookupTable(0, 40)[100] < 100 && lookupTable(0, 40)[160] > 160);
  const table = lookupTable(20, -50);
  for (let grey = 1; grey < 256; grey += 1) assert.ok(table[grey] >= table[grey - 1]);
});

test("a fitted scan lies in the middle of the stage, whole, at any size of it", () => {
  const viewport = new Viewport(384, 400);
  for (const [width, height] of [[1004, 648], [300, 900]]) {
    viewport.resize(width, height);
    const [left, top] = viewport.toStage([0, 0]);
    const [right, bottom] = viewport.toStage([384, 400]);
    assert.ok(left > 0 && top > 0 && right < width && bottom < height);
    assert.ok(Math.abs(left + right - width) < 1e-9);
  }
});

test("zooming keeps what lies under the pointer there", () => {
  const viewport = new Viewport(384, 400);
  viewport.resize(1004, 648);
  const before = viewport.toImage([700, 200]);
  viewport.zoom(3, [700, 200]);
  const after = viewport.toImage([700, 200]);
  assert.ok(Math.hypot(after[0] - before[0], after[1] - before[1]) < 1e-9);
});

test("image and stage convert both ways", () => {
  const viewport = new Viewport(384, 400);
  viewport.resize(800, 600);
  viewport.zoom(2.5, [100, 100]);
  viewport.pan(33, -12);
  const [x, y] = viewport.toImage(viewport.toStage([12.5, 300.25]));
  assert.ok(Math.abs(x - 12.5) < 1e-9 && Math.abs(y - 300.25) < 1e-9);
});

test("the scan cannot be pushed out of the window", () => {
  const viewport = new Viewport(384, 400);
  viewport.resize(800, 600);
  for (const [dx, dy] of [[1e6, 1e6], [-1e6, -1e6]]) {
    viewport.pan(dx, dy);
    const [left, top] = viewport.toStage([0, 0]);
    const [right, bottom] = viewport.toStage([384, 400]);
    assert.ok(right > 20 && bottom > 20 && left < 780 && top < 580);
  }
});

test("the state of saving is said in words", () => {
  const at = new Date(2026, 10, 23, 12, 3, 11).getTime();
  assert.equal(saveWords({ kind: "saved", at }), "saved 12:03:11");
  assert.equal(saveWords({ kind: "saving", changes: 1 }), "saving");
  assert.equal(saveWords({ kind: "offline", changes: 3 }), "offline, 3 changes kept here");
  assert.equal(saveWords({ kind: "offline", changes: 1 }, false), "offline, 1 change only in this window");
  assert.equal(saveWords({ kind: "conflict", head: {}, changes: 1 }), "conflict, 1 change kept here");
});

test("long pauses are not counted as work", () => {
  let now = 0;
  const clock = new WorkClock(() => now);
  now = 5_000;
  clock.tick();
  now = 605_000;
  assert.equal(clock.take(), 35);
  now = 606_000;
  assert.equal(clock.take(), 1);
});
