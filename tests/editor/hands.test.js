import assert from "node:assert/strict";
import { test } from "node:test";

import { redraw } from "#editor/redraw.js";

import { HABITS, outcomeOf } from "./simulated-hands.js";

/** @typedef {import("./simulated-hands.js").Rule} Rule */

const STROKES_A_HABIT = 4;
const SEED = 12;

/** @type {Rule} */
const rule = (outline, stroke, scale) => {
  const found = redraw([outline], stroke, scale, 0.35);
  return "choices" in found ? found.choices[0].ring : null;
};

for (const ends of [6, 10, 15, 20, 25]) {
  test(`of strokes with ends ${ends} screen px off almost none is refused or ignored`, () => {
    const habits = HABITS.filter((habit) => habit.ends === ends);
    const { strokes, refused, ignored, broken, wrong } = outcomeOf(rule, habits, STROKES_A_HABIT, SEED);
    assert.equal(strokes, habits.length * STROKES_A_HABIT);
    assert.ok(refused <= 0.01 * strokes, `${refused} of ${strokes} refused`);
    assert.ok(ignored <= 0.02 * strokes, `${ignored} of ${strokes} mostly ignored`);
    assert.ok(broken <= 0.01 * strokes, `${broken} of ${strokes} cross themselves`);
    assert.ok(wrong <= 0.01 * strokes, `${wrong} of ${strokes} far from the true area`);
  });
}

test("strokes end without spikes", () => {
  const { strokes, spiked } = outcomeOf(rule, HABITS, 2, SEED);
  assert.ok(spiked <= 0.01 * strokes, `${spiked} of ${strokes}`);
});
