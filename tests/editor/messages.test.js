import assert from "node:assert/strict";
import { test } from "node:test";

import { Messages } from "#editor/messages.js";

function editor() {
  const state = { shown: "", regions: [], tool: "redraw" };
  const messages = new Messages((text) => (state.shown = text), () => [state.regions, state.tool]);
  return { state, messages };
}

test("a message stays while nothing that it speaks of changes", () => {
  const { state, messages } = editor();
  messages.say("Redrawn.");
  messages.check();
  messages.check();
  assert.equal(state.shown, "Redrawn.");
});

for (const [what, change] of /** @type {[string, (state: any) => void][]} */ ([
  ["the outlines change", (state) => (state.regions = [])],
  ["another tool is taken", (state) => (state.tool = "draw")],
])) {
  test(`a message goes when ${what}`, () => {
    const { state, messages } = editor();
    messages.say("Redrawn.");
    messages.check();
    change(state);
    messages.check();
    assert.equal(state.shown, "");
  });
}

test("what happens in the same moment as the message belongs to it", () => {
  const { state, messages } = editor();
  messages.say("Taken over.");
  state.tool = "draw";
  messages.check();
  assert.equal(state.shown, "Taken over.");
});

test("a message goes when something else is begun", () => {
  const { state, messages } = editor();
  messages.say("Too far.");
  messages.begin();
  assert.equal(state.shown, "");
});

test("a message with a condition stays for as long as that holds", () => {
  const { state, messages } = editor();
  let isUnsaved = true;
  messages.say("Not submitted.", () => isUnsaved);
  messages.begin();
  state.tool = "draw";
  messages.check();
  assert.equal(state.shown, "Not submitted.");
  isUnsaved = false;
  messages.check();
  assert.equal(state.shown, "");
});
