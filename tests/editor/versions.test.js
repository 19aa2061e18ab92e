import assert from "node:assert/strict";
import { test } from "node:test";

import { differingLabels, isAboutDecision, withLabelFrom } from "#editor/conflict.js";
import { changesBetween, changesInWords } from "#editor/difference.js";
import { drawingOf, sameRegions, savedForm } from "#editor/drawing.js";
import { History } from "#editor/history.js";
import { UndoKeeper } from "#editor/undo-store.js";
import { Undoing } from "#editor/undoing.js";

import { rectangle, region } from "./shapes-of-tests.js";

/** @typedef {import("#editor/drawing.js").Drawing} Drawing */
/** @typedef {import("#editor/undo-store.js").Moment} Moment */
/** @typedef {import("#editor/undo-store.js").Place} Place */

const PL = region("PL", rectangle(0, 0, 100, 100));
const PB = region("PB", rectangle(100, 0, 200, 100));

/** @param {number} size @returns {Drawing} */
function drawn(size) {
  return drawingOf({ regions: [region("RF", rectangle(0, 0, size, size))] });
}

/** What the browser's database does, by value. */
class MemoryStore {
  /** @type {Map<string, Place>} */
  places = new Map();
  /** @type {Map<string, Moment>} */
  moments = new Map();
  writes = 0;

  /** @param {string} scope */
  async read(scope) {
    const place = this.places.get(scope);
    return place ? structuredClone({ place, moments: [...this.moments.values()] }) : null;
  }

  /** @param {Place} place @param {Moment[]} added @param {number[]} dropped */
  async write(place, added, dropped) {
    this.places.set(place.scope, structuredClone(place));
    for (const moment of added) this.moments.set(`${moment.number}`, structuredClone(moment));
    for (const number of dropped) this.moments.delete(`${number}`);
    this.writes += added.length;
  }

  async clear() {
    this.places.clear();
    this.moments.clear();
  }
}

test("a database may keep keys in another order", () => {
  const { label, cut, parts } = PL;
  assert.ok(sameRegions([{ label, cut, parts }], [{ parts, cut, label }]));
  assert.ok(!sameRegions([PL], [PB]));
  assert.deepEqual(drawingOf(savedForm(drawn(10))), drawn(10));
});

test("undo and redo come back after a reload, and each moment is written once", async () => {
  const store = new MemoryStore();
  const history = new History(drawn(10));
  const undoing = new Undoing(history, store, "1:7");
  await undoing.recall();
  for (const size of [20, 30, 40]) {
    history.push(drawn(size));
    undoing.keep();
  }
  history.undo();
  undoing.keep();
  assert.equal(store.writes, 4);
  const next = new History(drawn(30));
  assert.equal(await new Undoing(next, store, "1:7").recall(), true);
  assert.ok(next.redo());
  assert.deepEqual(next.present, drawn(40));
  for (const size of [30, 20, 10]) {
    assert.ok(next.undo());
    assert.deepEqual(next.present, drawn(size));
  }
  assert.equal(next.undo(), false);
});

test("undo of work that was changed elsewhere is not taken up", async () => {
  const store = new MemoryStore();
  const history = new History(drawn(10));
  const undoing = new Undoing(history, store, "1:7");
  await undoing.recall();
  history.push(drawn(20));
  undoing.keep();
  const next = new History(drawn(99));
  assert.equal(await new Undoing(next, store, "1:7").recall(), false);
  assert.equal(next.canUndo, false);
});

test("moments that fell out of the history leave the store, too", async () => {
  const store = new MemoryStore();
  const keeper = new UndoKeeper(store, "1:7");
  const [a, b, c] = [drawn(1), drawn(2), drawn(3)];
  await keeper.keep({ states: [a, b], position: 1 });
  await keeper.keep({ states: [a, c], position: 1 });
  assert.equal(store.moments.size, 2);
  assert.deepEqual((await keeper.recall())?.states, [a, c]);
  await keeper.forget();
  assert.equal(await keeper.recall(), null);
});

test("a conflict names the structures that differ, and one is exchanged without the others", () => {
  const moved = region("PB", rectangle(100, 0, 220, 100));
  assert.deepEqual(differingLabels([PL, PB], [moved, PL]), ["PB"]);
  assert.deepEqual(differingLabels([PL], [PL, PB]), ["PB"]);
  assert.deepEqual(withLabelFrom([PL, PB], "PB", [moved]), [PL, moved]);
  assert.deepEqual(withLabelFrom([PL, PB], "PB", [PL]), [PL]);
  assert.ok(isAboutDecision(drawn(10), { ...drawn(10), decision: "absent", reason: "x" }));
  assert.ok(!isAboutDecision(drawn(10), drawn(20)));
});

test("what moved by more than 1 mm is marked and measured, what moved less is not", () => {
  const moved = region("PB", rectangle(100, 0, 230, 100));
  const [pl, pb] = changesBetween([PL, PB], [PL, moved], [0.1, 0.1]);
  assert.equal(pl.kind, "same");
  assert.equal(pb.kind, "moved");
  assert.ok(Math.abs(pb.most - 3) < 1e-9);
  for (const [x] of pb.stretches.flat()) assert.ok(x > 210);
  const little = region("PB", rectangle(100, 0, 209, 100));
  assert.equal(changesBetween([PB], [little], [0.1, 0.1])[0].kind, "same");
  assert.equal(changesBetween([PB], [little], null)[0].kind, "moved");
});

test("mm count along each axis", () => {
  const [change] = changesBetween([PB], [region("PB", rectangle(100, 0, 200, 120))], [0.1, 0.2]);
  assert.ok(Math.abs(change.most - 4) < 1e-9);
});

test("structures that came or went are said", () => {
  assert.deepEqual(
    changesBetween([PL], [PB], null).map(({ label, kind }) => [label, kind]),
    [["PL", "gone"], ["PB", "new"]],
  );
  const titles = new Map([["PL", "Longus"]]);
  const words = changesInWords(changesBetween([PL], [PB], null), titles, false);
  assert.equal(words, "Longus was deleted since. PB was added since.");
  assert.equal(changesInWords([], titles, true), "Nothing moved by more than 1 mm.");
});
