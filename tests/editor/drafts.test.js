import assert from "node:assert/strict";
import { test } from "node:test";

import { Drafts } from "#editor/drafts.js";
import { DrawTool } from "#editor/tools/draw-tool.js";

import { storage } from "./storage-of-tests.js";

/** @typedef {import("#editor/geometry.js").Point} Point */

/** @type {Point[]} */
const CORNERS = [[10, 10], [90, 10], [90, 90], [10, 90]];

/** @param {number} count */
function draft(count) {
  return { label: "RF", points: CORNERS.slice(0, count) };
}

/** @param {ReturnType<typeof storage>} kept */
function drafts(kept = storage()) {
  return new Drafts(kept, "1:7", () => {});
}

test("a line is taken back and done again point by point", () => {
  const lines = drafts();
  for (const count of [1, 2, 3]) lines.put("draw", draft(count));
  lines.undo("draw");
  assert.deepEqual(lines.of("draw"), draft(2));
  lines.redo("draw");
  assert.deepEqual(lines.of("draw"), draft(3));
  for (const _ of CORNERS.slice(0, 3)) lines.undo("draw");
  assert.equal(lines.of("draw"), null);
  assert.equal(lines.canUndo("draw"), false);
});

test("a line that was given up comes back", () => {
  const lines = drafts();
  lines.put("draw", draft(3));
  lines.put("draw", null);
  assert.deepEqual(lines.unfinished, []);
  lines.undo("draw");
  assert.deepEqual(lines.unfinished, ["draw"]);
});

test("what was given up ends with the next change, what is under way or taken back does not", () => {
  const kept = storage();
  const lines = drafts(kept);
  lines.put("draw", draft(3));
  lines.put("draw", null);
  lines.put("livewire", draft(2));
  lines.put("split", draft(1));
  lines.undo("split");
  lines.endGivenUp();
  assert.equal(lines.canUndo("draw"), false);
  assert.equal(drafts(kept).canUndo("draw"), false);
  assert.deepEqual(lines.of("livewire"), draft(2));
  assert.equal(lines.canRedo("split"), true);
});

test("lines of several tools are apart, and another page finds them with their steps", () => {
  const kept = storage();
  const before = drafts(kept);
  before.put("draw", draft(1));
  before.put("draw", draft(2));
  before.put("livewire", { ...draft(2), legs: [null], hand: 1 });
  before.undo("draw");
  const after = drafts(kept);
  assert.deepEqual(after.of("draw"), draft(1));
  assert.deepEqual(after.of("livewire"), { ...draft(2), legs: [null], hand: 1 });
  after.redo("draw");
  assert.deepEqual(after.of("draw"), draft(2));
});

test("what is put in is no longer kept", () => {
  const kept = storage();
  const lines = drafts(kept);
  lines.put("draw", draft(3));
  lines.end("draw");
  assert.deepEqual(drafts(kept).unfinished, []);
  assert.equal(lines.canUndo("draw"), false);
});

test("of very long lines the newest moment is kept", () => {
  const kept = storage();
  const lines = drafts(kept);
  /** @type {Point[]} */
  const points = Array.from({ length: 3000 }, (_, i) => [i + 0.123, i + 0.456]);
  for (let count = 2980; count <= 3000; count += 1) {
    lines.put("draw", { label: "RF", points: points.slice(0, count) });
  }
  const after = drafts(kept);
  assert.equal(after.of("draw")?.points.length, 3000);
  assert.equal(after.canUndo("draw"), false);
});

test("a line is let go when its scan was not opened for two weeks", () => {
  const kept = storage();
  const day = 24 * 3600_000;
  const open = (/** @type {string} */ scope, /** @type {number} */ days) =>
    new Drafts(kept, scope, () => {}, () => days * day);
  open("1:7", 0).put("draw", draft(2));
  open("1:8", 1).put("draw", draft(3));
  open("1:7", 10);
  open("1:9", 14);
  assert.deepEqual(open("1:8", 15).of("draw"), draft(3));
  assert.deepEqual(open("1:7", 24).of("draw"), draft(2));
  open("1:9", 30);
  assert.deepEqual(open("1:8", 30).unfinished, []);
  assert.deepEqual(open("1:7", 39).unfinished, []);
});

test("what cannot be read of the times lets no line go", () => {
  for (const text of ["{", "null"]) {
    const kept = storage();
    drafts(kept).put("draw", draft(2));
    kept.setItem("myotrace-drafts", text);
    assert.deepEqual(drafts(kept).of("draw"), draft(2));
  }
});

test("unreadable text is no line", () => {
  for (const text of ["{", "7", '[["draw", {"states": [], "position": 3}]]']) {
    assert.deepEqual(drafts(storage({ "myotrace-draft-1:7": text })).unfinished, []);
  }
});

test("a full disk does not stop the line", () => {
  const full = { ...storage(), setItem: () => assert.fail("full") };
  const lines = drafts(full);
  lines.put("draw", draft(2));
  assert.deepEqual(lines.of("draw"), draft(2));
});

/** A desk with nothing drawn, and the tool on it. */
function drawing() {
  const desk = {
    regions: [],
    label: "RF",
    scale: 1,
    linked: true,
    locked: new Set(),
    drafts: drafts(),
    data: { image: { width: 100, height: 100 }, spacing: null, labels: [] },
    isRefused: false,
    /** @type {unknown[]} */
    committed: [],
    commit(/** @type {unknown} */ regions) {
      if (!desk.isRefused) desk.committed.push(regions);
      return !desk.isRefused;
    },
    sketch() {},
    say() {},
    refusesChosen: () => false,
  };
  const tool = new DrawTool(/** @type {any} */ (desk));
  const click = (/** @type {Point} */ point) => {
    const pointer = { point, reach: 5, alt: false, shift: false };
    tool.press(pointer)?.release();
  };
  return { desk, tool, click };
}

test("a stroke that is broken off leaves the points that were clicked", () => {
  const { desk, tool, click } = drawing();
  CORNERS.slice(0, 3).forEach(click);
  const pointer = { point: CORNERS[3], reach: 5, alt: false, shift: false };
  tool.press(pointer)?.cancel();
  tool.leave();
  assert.deepEqual(desk.drafts.of("draw"), draft(3));
});

test("a line that cannot be put in stays", () => {
  const { desk, click } = drawing();
  desk.isRefused = true;
  [...CORNERS, CORNERS[0]].forEach(click);
  assert.deepEqual(desk.drafts.of("draw"), draft(4));
  desk.isRefused = false;
  click(CORNERS[0]);
  assert.equal(desk.committed.length, 1);
  assert.equal(desk.drafts.of("draw"), null);
});
