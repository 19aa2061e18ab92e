import assert from "node:assert/strict";
import { test } from "node:test";

import { Drafts } from "#editor/drafts.js";
import { edgesOf, HANDS, waysFrom } from "#editor/livewire.js";
import { Toolbox } from "#editor/toolbox.js";
import { LivewireTool } from "#editor/tools/livewire-tool.js";

import { storage } from "./storage-of-tests.js";

/** @typedef {import("#editor/geometry.js").Point} Point */

const SIZE = 40;
const GREY = { values: new Uint8ClampedArray(SIZE * SIZE), width: SIZE, height: SIZE };
const EDGES = edgesOf(GREY);

/** A desk with nothing drawn, the tool on it, and its worker, which answers when it is told to. */
function wiring() {
  /** @type {number[]} */
  const asked = [];
  let dismissed = 0;
  let hear = (/** @type {{data: unknown}} */ _answer) => {};
  Object.assign(globalThis, {
    Worker: class {
      postMessage(/** @type {{seed?: number}} */ { seed }) {
        if (seed !== undefined) asked.push(seed);
      }
      addEventListener(/** @type {string} */ name, /** @type {typeof hear} */ run) {
        if (name === "message") hear = run;
      }
      terminate() {
        dismissed += 1;
      }
    },
  });
  const desk = {
    regions: [],
    label: "RF",
    scale: 100,
    linked: true,
    locked: new Set(),
    drafts: new Drafts(storage(), "1:7", () => {}),
    data: { image: { width: SIZE, height: SIZE }, spacing: null, labels: [] },
    stage: { picture: { grey: GREY } },
    /** @type {unknown[]} */
    committed: [],
    sketches: 0,
    commit: (/** @type {unknown} */ regions) => desk.committed.push(regions) > 0,
    sketch: () => void (desk.sketches += 1),
    say() {},
    refusesChosen: () => false,
  };
  const tool = new LivewireTool(/** @type {any} */ (desk));
  tool.resume();
  const press = (/** @type {Point} */ point) => tool.press({ point, reach: 5, alt: false, shift: false });
  const click = (/** @type {Point} */ point) =>
    press(point)?.release({ point, reach: 5, alt: false, shift: false });
  const act = (/** @type {string} */ name) => tool.actions.find((action) => action.name === name)?.run();
  const answer = () => {
    const seed = /** @type {number} */ (asked.at(-1));
    hear({ data: { seed, ways: HANDS.map((hand) => waysFrom(EDGES, seed, hand)) } });
  };
  return { desk, tool, press, click, act, answer, dismissed: () => dismissed };
}

test("its worker goes with the scan", () => {
  const { tool, click, dismissed } = wiring();
  click([5, 5]);
  const toolbox = new Toolbox(/** @type {any} */ ({}), /** @type {any} */ ({ add: () => {} }));
  toolbox.add(tool);
  toolbox.close();
  assert.equal(dismissed(), 1);
});

test("a late answer works the leg out and shows nothing under another tool", () => {
  const { desk, tool, click, answer } = wiring();
  click([5, 5]);
  click([30, 5]);
  tool.leave();
  const { sketches } = desk;
  answer();
  assert.equal(desk.sketches, sketches);
  assert.notEqual(desk.drafts.of("livewire")?.legs?.[0], null);
  tool.resume();
  assert.equal(desk.sketches, sketches + 1);
});

test("legs that begin in the same pixel are all worked out, and the line is put in then", () => {
  const { desk, click, act, answer } = wiring();
  click([5.1, 5.1]);
  click([5.9, 5.9]);
  click([30, 5]);
  click([20, 30]);
  act("finish-wire");
  answer();
  answer();
  assert.equal(desk.committed.length, 1);
  assert.equal(desk.drafts.of("livewire"), null);
});

test("the other side of a first press that is given up starts no line", () => {
  const { desk, press, act, answer } = wiring();
  const gesture = press([5, 5]);
  answer();
  act("wire-side");
  gesture?.cancel();
  assert.deepEqual(desk.drafts.unfinished, []);
});

test("the side that is taken during the first press is that of the line", () => {
  const { desk, press, act, answer, click } = wiring();
  const gesture = press([5, 5]);
  answer();
  act("wire-side");
  gesture?.release({ point: [5, 5], reach: 5, alt: false, shift: false });
  click([30, 5]);
  assert.equal(desk.drafts.of("livewire")?.hand, 1);
});
