import assert from "node:assert/strict";
import { test } from "node:test";

import { saveWords } from "#editor/save-words.js";
import { Viewport } from "#editor/viewport.js";
import { lookupTable } from "#editor/window-level.js";
import { WorkClock } from "#editor/work-clock.js";

/** @param {number} brightness @param {number} contrast @param {number} gamma */
function shown(brightness, contrast, gamma = 0) {
  return lookupTable({ brightness, contrast, gamma });
}

test("grey levels are shown as acquired until somebody changes them", () => {
  assert.deepEqual([...shown(0, 0)], Array.from({ length: 256 }, (_, grey) => grey));
});

test("brightness lifts all levels, contrast spreads them about the middle", () => {
  assert.ok(shown(30, 0)[100] > 100);
  assert.ok(shown(0, 40)[100] < 100 && shown(0, 40)[160] > 160);
  const table = shown(20, -50, 30);
  for (let grey = 1; grey < 256; grey += 1) assert.ok(table[grey] >= table[grey - 1]);
});

test("gamma lifts the dark greys and keeps black and white", () => {
  const table = shown(0, 0, 60);
  assert.deepEqual([table[0], table[255]], [0, 255]);
  assert.ok(table[64] - 64 > table[200] - 200 && table[64] > 120);
  assert.ok(shown(0, 0, -60)[64] < 20);
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

test("a shown box lies whole in the middle of the stage", () => {
  const viewport = new Viewport(384, 400);
  viewport.resize(800, 600);
  viewport.show([100, 200, 180, 240]);
  const [left, top] = viewport.toStage([100, 200]);
  const [right, bottom] = viewport.toStage([180, 240]);
  assert.ok(Math.abs(left + right - 800) < 1e-9 && Math.abs(top + bottom - 600) < 1e-9);
  assert.ok(left > 0 && right - left > 600);
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
  const at = Date.UTC(2026, 10, 23, 12, 3, 11);
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
