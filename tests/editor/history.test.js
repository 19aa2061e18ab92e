import assert from "node:assert/strict";
import { test } from "node:test";

import { History } from "#editor/history.js";

test("undo and redo walk the gestures one by one", () => {
  const history = new History("a");
  history.push("b");
  history.push("c");
  assert.equal(history.undo() && history.present, "b");
  assert.equal(history.undo() && history.present, "a");
  assert.equal(history.undo(), false);
  assert.equal(history.redo() && history.present, "b");
  assert.equal(history.redo() && history.present, "c");
  assert.equal(history.redo(), false);
});

test("a new gesture ends what could be redone", () => {
  const history = new History(1);
  history.push(2);
  history.undo();
  history.push(3);
  assert.equal(history.canRedo, false);
  history.undo();
  assert.equal(history.present, 1);
});

test("another form of the present is no gesture", () => {
  const history = new History("a");
  history.push("b");
  history.replace("B");
  history.undo();
  assert.equal(history.present, "a");
  history.redo();
  assert.equal(history.present, "B");
});

test("the oldest gestures are forgotten beyond the limit", () => {
  const history = new History(0, 3);
  for (let state = 1; state <= 10; state += 1) history.push(state);
  while (history.undo());
  assert.equal(history.present, 7);
});
