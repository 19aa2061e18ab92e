import assert from "node:assert/strict";
import { test } from "node:test";

import { PointerInput } from "#editor/pointer-input.js";
import { AddBrush } from "#editor/tools/brush-tool.js";
import { DrawTool } from "#editor/tools/draw-tool.js";
import { RedrawTool } from "#editor/tools/redraw-tool.js";
import { SplitTool } from "#editor/tools/shape-tools.js";
import { SmoothTool } from "#editor/tools/stretch-tools.js";

import { rectangle, region } from "./shapes-of-tests.js";

/** @typedef {import("#editor/geometry.js").Point} Point */

/** A desk with a square on it that counts how often something is shown. */
function deskOfTests() {
  const desk = {
    regions: [region("RF", rectangle(10, 10, 90, 90))],
    label: "RF",
    scale: 1,
    linked: true,
    locked: new Set(),
    brush: { radius: 10 },
    drafts: { of: () => null },
    data: { image: { width: 100, height: 100 }, spacing: null, labels: [] },
    keepsStructure: false,
    sketches: 0,
    sketch: () => void (desk.sketches += 1),
    refusesChosen: () => false,
  };
  return desk;
}

/** @param {Point} point */
function pointerAt(point) {
  return { point, reach: 5, alt: false, shift: false };
}

for (const [name, toolOn] of /** @type {[string, (desk: any) => import("#editor/tools/tool.js").Tool][]} */ ([
  ["redraw", (desk) => new RedrawTool(desk)],
  ["smooth", (desk) => new SmoothTool(desk)],
  ["split", (desk) => new SplitTool(desk)],
  ["draw", (desk) => new DrawTool(desk)],
  ["a brush", (desk) => new AddBrush(desk)],
])) {
  test(`what comes at once is shown once by ${name}, and not at all where nothing is new`, () => {
    const desk = deskOfTests();
    const gesture = toolOn(desk).press(pointerAt([10, 20]));
    const before = desk.sketches;
    gesture?.move(pointerAt([11, 30]), false);
    gesture?.move(pointerAt([12, 40]), false);
    gesture?.move(pointerAt([12, 40]), true);
    assert.equal(desk.sketches, before + 1);
    gesture?.move(pointerAt([12, 40.5]), true);
    assert.equal(desk.sketches, before + 1);
  });
}

/** An event as a pointer makes it. @param {string} name @param {number} x @param {object} more */
function pointerEvent(name, x, more = {}) {
  return Object.assign(new Event(name), { clientX: x, clientY: 0, pointerId: 1, button: 0, buttons: 1, ...more });
}

test("a gesture is told which of the moves that come at once is the last", () => {
  Object.assign(globalThis, { window: new EventTarget() });
  const container = Object.assign(new EventTarget(), { setPointerCapture: () => {} });
  /** @type {[number, boolean | undefined][]} */
  const moves = [];
  /** @type {import("#editor/tools/tool.js").Gesture} */
  const gesture = {
    move: ({ point: [x] }, isLast) => void moves.push([x, isLast]),
    release: () => {},
    cancel: () => {},
  };
  const stage = {
    container,
    viewport: { width: 100, height: 100, scale: 1 },
    toImage: (/** @type {number} */ x, /** @type {number} */ y) => [x, y],
  };
  const host = { activeTool: { press: () => gesture }, pressed: () => {} };
  new PointerInput(/** @type {any} */ (stage), /** @type {any} */ (host));
  container.dispatchEvent(pointerEvent("pointerdown", 1));
  const told = [2, 3, 4].map((x) => pointerEvent("pointermove", x));
  container.dispatchEvent(pointerEvent("pointermove", 4, { getCoalescedEvents: () => told }));
  container.dispatchEvent(pointerEvent("pointermove", 5));
  assert.deepEqual(moves, [[2, false], [3, false], [4, true], [5, true]]);
});
