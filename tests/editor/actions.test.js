import assert from "node:assert/strict";
import { test } from "node:test";

import { Actions } from "#editor/actions.js";
import { ariaKeys, keyName } from "#editor/keys.js";
import { Toolbox } from "#editor/toolbox.js";

/** @typedef {import("#editor/actions.js").Action} Action */

function registry() {
  /** @type {string[]} */
  const said = [];
  return { said, actions: new Actions((text) => said.push(text)) };
}

/** @param {Partial<Action> & {name: string}} action @returns {Action} */
function action(action) {
  return { group: "Edit", label: action.name, run() {}, ...action };
}

test("a name stands for one action", () => {
  const { actions } = registry();
  actions.add(action({ name: "undo" }));
  assert.throws(() => actions.add(action({ name: "undo" })), /undo/);
});

test("a key means what can be run now, and what does not apply is not there", () => {
  const { actions } = registry();
  let points = 0;
  actions.add(
    action({ name: "finish", keys: ["Enter"], enabled: () => points > 0 }),
    action({ name: "accept", keys: ["Enter"], applies: () => points < 5 }),
  );
  assert.equal(actions.forKey("Enter")?.name, "accept");
  points = 2;
  assert.equal(actions.forKey("Enter")?.name, "finish");
  assert.equal(actions.forKey("Delete"), null);
});

test("the active tool's own action goes before the others of its key", () => {
  const { actions } = registry();
  actions.add(action({ name: "return", keys: ["X"] }));
  actions.add(action({ name: "flip", keys: ["X"], tool: "redraw" }));
  assert.equal(actions.forKey("X")?.name, "flip");
});

test("what cannot be run says why and does nothing", () => {
  const { said, actions } = registry();
  let runs = 0;
  const undo = action({
    name: "undo",
    otherwise: "There is nothing to undo.",
    enabled: () => false,
    run: () => (runs += 1),
  });
  actions.add(undo);
  actions.run(undo);
  assert.equal(runs, 0);
  assert.deepEqual(said, ["There is nothing to undo."]);
});

/** A toolbox with three tools, `redraw` the active one. */
function toolbox() {
  const { actions } = registry();
  const owner = {
    mode: { editable: true },
    input: { isBusy: false, cancel: () => false },
    toolChanged() {},
  };
  const box = new Toolbox(owner, actions);
  for (const [name, key] of [["redraw", "R"], ["vertices", "V"]]) {
    const own = [action({ name: `${name}-own`, keys: ["X"] })];
    box.add({ name, offer: { label: name, keys: [key] }, actions: own, press: () => null });
  }
  box.add({ name: "pin", press: () => null });
  box.use("redraw");
  const press = (/** @type {string} */ key) => {
    const found = actions.forKey(key);
    if (found) actions.run(found);
    return { up: (/** @type {boolean} */ wasHeld) => found?.release?.(wasHeld) };
  };
  return { actions, owner, box, press };
}

test("a tapped key keeps its tool, a held one gives the tool before it back", () => {
  const { box, press } = toolbox();
  press("V").up(true);
  assert.equal(box.active?.name, "redraw");
  press("V").up(false);
  assert.equal(box.active?.name, "vertices");
  press("V").up(true);
  assert.equal(box.active?.name, "vertices");
});

test("a held tool finishes its gesture before the other one comes back", () => {
  const { owner, box, press } = toolbox();
  const key = press("V");
  owner.input.isBusy = true;
  key.up(true);
  assert.equal(box.active?.name, "vertices");
  owner.input.isBusy = false;
  box.settle();
  assert.equal(box.active?.name, "redraw");
});

test("a tool's own actions are there while it is active and the work is open", () => {
  const { actions, owner, box } = toolbox();
  assert.equal(actions.forKey("X")?.name, "redraw-own");
  box.use("vertices");
  assert.equal(actions.forKey("X")?.name, "vertices-own");
  owner.mode.editable = false;
  assert.equal(actions.forKey("X"), null);
  assert.equal(actions.forKey("R"), null);
});

test("keys are named with their modifiers", () => {
  const event = { key: "z", ctrlKey: true, metaKey: false, altKey: false, shiftKey: true };
  assert.equal(keyName(/** @type {any} */ (event)), "Ctrl+Shift+Z");
  assert.equal(keyName(/** @type {any} */ ({ ...event, key: "?", ctrlKey: false })), "?");
  assert.equal(keyName(/** @type {any} */ ({ ...event, key: " ", shiftKey: false, ctrlKey: false })), "Space");
});

test("keys are told to screen readers in their spelling", () => {
  assert.equal(ariaKeys(["Ctrl+Shift+Z", "Ctrl+Y"]), "Control+Shift+Z Control+Y");
  assert.equal(ariaKeys(["+", "="]), "Plus =");
});
