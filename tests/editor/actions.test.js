import assert from "node:assert/strict";
import { test } from "node:test";

import { Actions } from "#editor/actions.js";
import { Appearance } from "#editor/appearance.js";
import { Keymap } from "#editor/keymap.js";
import { ariaKeys, keyName, keyNames } from "#editor/keys.js";
import { Toolbox } from "#editor/toolbox.js";
import { TOOLS } from "#editor/tools/all.js";

import { storage } from "./storage-of-tests.js";

/** @typedef {import("#editor/actions.js").Action} Action */

function registry() {
  /** @type {string[]} */
  const said = [];
  const keymap = new Keymap(storage(), 1);
  return { said, keymap, actions: new Actions(keymap, (text) => said.push(text)) };
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

/** @param {string} key @param {string} code @param {string[]} held */
function names(key, code, ...held) {
  const has = (/** @type {string} */ name) => held.includes(name);
  const event = {
    ...{ key, code, ctrlKey: has("Ctrl"), metaKey: false, altKey: has("Alt"), shiftKey: has("Shift") },
    getModifierState: (/** @type {string} */ name) => has(name),
  };
  return keyNames(/** @type {any} */ (event));
}

test("a key that is no Latin letter means what stands at its place", () => {
  for (const [layout, key, code, meant] of [
    ...[["Russian", "м", "KeyV", "V"], ["Greek", "ω", "KeyV", "V"], ["Hebrew", "ה", "KeyV", "V"]],
    ...[["Korean", "ㅍ", "KeyV", "V"], ["Russian", "х", "BracketLeft", "["], ["Arabic", "١", "Digit1", "1"]],
    ...[["AZERTY", "&", "Digit1", "1"], ["AZERTY", "à", "Digit0", "0"], ["AZERTY", "Dead", "BracketLeft", "["]],
    ...[["input method", "Process", "KeyV", "V"], ["input method", "Process", "Space", "Space"]],
    ...[["input method", "Process", "Enter", "Enter"], ["wide blank", "\u3000", "Space", "Space"]],
  ]) {
    assert.equal(names(key, code).at(-1), meant, layout);
  }
  assert.ok(names("я", "KeyZ", "Ctrl").includes("Ctrl+Z"));
  assert.ok(names("Я", "KeyZ", "Ctrl", "Shift").includes("Ctrl+Shift+Z"));
  assert.ok(names("Process", "Slash", "Shift").includes("?"));
});

test("a Latin letter or digit means itself wherever it stands", () => {
  assert.deepEqual(names("a", "KeyQ"), ["A"]);
  assert.deepEqual(names("z", "KeyY", "Ctrl"), ["Ctrl+Z"]);
  assert.deepEqual(names("1", "Digit1", "Shift"), ["1"]);
  assert.deepEqual(names("F1", "F1"), ["F1"]);
  assert.deepEqual(names("Enter", "NumpadEnter", "Ctrl"), ["Ctrl+Enter"]);
});

test("a sign typed with AltGr, or Option on a Mac, is that sign", () => {
  assert.equal(names("[", "Digit8", "Ctrl", "Alt")[0], "[");
  assert.equal(names("]", "Digit9", "AltGraph", "Alt", "Ctrl")[0], "]");
  assert.equal(names("[", "Digit5", "Alt")[0], "[");
  assert.equal(names("[", "BracketLeft", "Alt")[0], "Alt+[");
  assert.deepEqual(names("ArrowLeft", "ArrowLeft", "Alt"), ["Alt+ArrowLeft"]);
});

test("a key is given to an action by the name that every keyboard knows", () => {
  assert.equal(keyName(/** @type {any} */ ({ key: "м", code: "KeyV" })), "V");
  assert.equal(keyName(/** @type {any} */ ({ key: "[", code: "Digit8" })), "[");
});

test("the first name of a key that means something counts", () => {
  const { actions } = registry();
  actions.add(action({ name: "play", keys: ["/"] }), action({ name: "compare", keys: ["Q"] }));
  assert.equal(actions.forKey("/", "Q")?.name, "play");
  assert.equal(actions.forKey("й", "Q")?.name, "compare");
  assert.equal(actions.forKey("й"), null);
});

test("what is refused at the moment is not run, whichever way it was asked for", () => {
  /** @type {string[]} */
  const done = [];
  const busy = (/** @type {Action} */ { duringStroke }) => (duringStroke ? "" : "Not now.");
  const actions = new Actions(new Keymap(storage(), 1), (text) => done.push(text), busy);
  const undo = action({ name: "undo", run: () => done.push("undo") });
  const cancel = action({ name: "cancel", duringStroke: true, run: () => done.push("cancel") });
  assert.equal(actions.run(undo), false);
  assert.equal(actions.run(cancel), true);
  assert.deepEqual(done, ["Not now.", "cancel"]);
});

/** An appearance with a clock of its own, as after another page. */
function appearing() {
  const clock = { now: 0 };
  return { clock, scan: new Appearance(() => clock.now) };
}

test("what is pressed before the picture is there decides nothing", () => {
  const { clock, scan } = appearing();
  clock.now = 5000;
  scan.touched();
  for (const how of ["Enter", "a", "press"]) assert.match(scan.refusal(how), /not shown yet/);
});

test("one echo after another decides nothing", () => {
  const { clock, scan } = appearing();
  scan.painted();
  for (let press = 0; press < 10; press += 1) {
    clock.now += 450;
    assert.match(scan.refusal("Enter"), /only just appeared/);
  }
  clock.now += 600;
  assert.equal(scan.refusal("Enter"), "");
});

test("a scan with which something was done, or another key, is no echo", () => {
  const { scan } = appearing();
  scan.painted();
  assert.match(scan.refusal("Enter"), /only just appeared/);
  assert.equal(scan.refusal("a"), "");
  scan.did("a");
  const { scan: next } = appearing();
  next.painted();
  assert.match(next.refusal("a"), /only just appeared/);
  assert.equal(next.refusal("Enter"), "");
  next.did("Enter");
  const { scan: other } = appearing();
  other.painted();
  other.touched();
  assert.equal(other.refusal("Enter"), "");
});

test("keys are told to screen readers in their spelling", () => {
  assert.equal(ariaKeys(["Ctrl+Shift+Z", "Ctrl+Y"]), "Control+Shift+Z Control+Y");
  assert.equal(ariaKeys(["+", "="]), "Plus =");
});

const redraw = action({ name: "redraw", keys: ["R"] });
const draw = action({ name: "draw", keys: ["D"] });
const undo = action({ name: "undo", keys: ["Ctrl+Z"] });
const flip = action({ name: "flip", keys: ["X"], tool: "redraw" });
const cross = action({ name: "cross", keys: ["X"], tool: "draw" });
const giveBack = action({ name: "return", keys: ["X"] });

test("a person's keys replace those of an action and stay on the machine", () => {
  const machine = storage();
  const mine = new Keymap(machine, 1);
  mine.assign(redraw, "Ctrl+B");
  assert.deepEqual(mine.keysOf(redraw), ["Ctrl+B"]);
  assert.deepEqual(new Keymap(machine, 1).keysOf(redraw), ["Ctrl+B"]);
  assert.deepEqual(new Keymap(machine, 2).keysOf(redraw), ["R"]);
  mine.restore();
  assert.deepEqual(new Keymap(machine, 1).keysOf(redraw), ["R"]);
});

test("what cannot be read is as if nothing had been kept", () => {
  for (const kept of ["no JSON", "3", "null", '{"own": {"redraw": 3}}']) {
    const keymap = new Keymap(storage({ "myotrace-keys-1": kept }), 1);
    assert.deepEqual(keymap.keysOf(redraw), ["R"]);
  }
});

test("a key given twice is a conflict of both, until it is restored", () => {
  const keymap = new Keymap(storage(), 1);
  const all = [redraw, draw, undo, flip, cross, giveBack];
  assert.equal(keymap.conflicts(all).size, 0);
  keymap.assign(draw, "R");
  assert.deepEqual([...keymap.conflicts(all).keys()], ["redraw", "draw"]);
  assert.equal(keymap.conflicts(all).get("draw")?.with, redraw);
  keymap.restore();
  assert.equal(keymap.conflicts(all).size, 0);
});

test("two tools may have one key, each while it is active", () => {
  const keymap = new Keymap(storage(), 1);
  keymap.assign(flip, "Y");
  keymap.assign(cross, "Y");
  assert.equal(keymap.conflicts([flip, cross]).size, 0);
});

test("single characters can be switched off; all other keys go on", () => {
  const keymap = new Keymap(storage(), 1);
  const more = action({ name: "more", keys: ["Shift+A", "?", "F1", "Delete", "Alt+X"] });
  keymap.hasCharacters = false;
  assert.deepEqual(keymap.keysOf(redraw), []);
  assert.deepEqual(keymap.keysOf(undo), ["Ctrl+Z"]);
  assert.deepEqual(keymap.keysOf(more), ["F1", "Delete", "Alt+X"]);
  assert.deepEqual(keymap.assignedTo(redraw), ["R"]);
});

test("a message names the key that a person has given", () => {
  const { actions, keymap } = registry();
  const undo = action({ name: "undo", label: "Undo", keys: ["Ctrl+Z"] });
  actions.add(undo, action({ name: "unlink", button: { text: "Unlink" } }));
  assert.equal(actions.withKeys("{undo} brings it back."), "Ctrl+Z brings it back.");
  keymap.assign(undo, "F2");
  assert.equal(actions.withKeys("{undo} or {unlink}, {nothing}."), "F2 or “Unlink”, {nothing}.");
});

test("no two tools are chosen by one key, and none gives a key to two of its actions", () => {
  const tools = TOOLS.map((Kind) => /** @type {import("#editor/tools/tool.js").Tool} */ (new Kind(/** @type {any} */ ({ data: { labels: [] } }))));
  const repeated = (/** @type {string[]} */ keys) => keys.filter((key, at) => keys.indexOf(key) !== at);
  assert.deepEqual(repeated(tools.flatMap(({ offer }) => offer?.keys ?? [])), []);
  for (const { actions = [] } of tools) assert.deepEqual(repeated(actions.flatMap(({ keys = [] }) => keys)), []);
});
