import assert from "node:assert/strict";
import { test } from "node:test";

import { Wheel } from "#editor/wheel.js";

let now = 0;

/** @param {number} deltaX @param {number} deltaY @param {{ctrlKey?: boolean, deltaMode?: number, after?: number}} more */
function turn(deltaX, deltaY, { ctrlKey = false, deltaMode = 0, after = 1000 } = {}) {
  now += after;
  return { deltaX, deltaY, deltaMode, ctrlKey, timeStamp: now };
}

test("a wheel zooms, whether it tells px or lines", () => {
  for (const one of [turn(0, -100), turn(0, -66.67), turn(0, -120), turn(0, -3, { deltaMode: 1 }), turn(-120, 0)]) {
    const meant = new Wheel().meant(one);
    assert.ok("zoom" in meant && meant.zoom > 1.05, JSON.stringify(one));
  }
});

test("two fingers move the scan, also once they are fast", () => {
  const wheel = new Wheel();
  assert.deepEqual(wheel.meant(turn(3, 8)), { pan: [-3, -8] });
  assert.deepEqual(wheel.meant(turn(0, 180, { after: 16 })), { pan: [-0, -180] });
  assert.ok("zoom" in wheel.meant(turn(0, 100)));
});

test("a pinch is felt, and a wheel with Ctrl does not leap", () => {
  const wheel = new Wheel();
  let scale = 1;
  for (let step = 0; step < 20; step += 1) {
    const meant = wheel.meant(turn(0, -4, { ctrlKey: true, after: 16 }));
    scale *= "zoom" in meant ? meant.zoom : 1;
  }
  assert.ok(scale > 2 && scale < 3);
  const leap = new Wheel().meant(turn(0, -120, { ctrlKey: true }));
  assert.ok("zoom" in leap && leap.zoom < 1.6);
});

test("sizes go in whole steps", () => {
  const wheel = new Wheel();
  assert.equal(wheel.steps(turn(0, 100)), 1);
  assert.equal(wheel.steps(turn(-100, 0)), -1);
  const fingers = new Wheel();
  const steps = Array.from({ length: 10 }, () => fingers.steps(turn(0, 12, { after: 16 })));
  assert.equal(steps.reduce((sum, step) => sum + step), 2);
});
