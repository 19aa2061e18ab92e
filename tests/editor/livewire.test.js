import assert from "node:assert/strict";
import { test } from "node:test";

import { edgeCosts, wayTo, waysFrom } from "#editor/livewire.js";

const WIDTH = 120;
const HEIGHT = 90;

/** Bright below a bent line, dark above. @param {number} x */
function border(x) {
  return 40 + 12 * Math.sin(x / 18);
}

const grey = Uint8ClampedArray.from({ length: WIDTH * HEIGHT }, (_, at) =>
  Math.floor(at / WIDTH) > border(at % WIDTH) ? 180 : 40,
);
const costs = edgeCosts({ values: grey, width: WIDTH, height: HEIGHT });

/** @param {number} x */
function onBorder(x) {
  return Math.round(border(x)) * WIDTH + x;
}

test("the way between two places of a border follows it", () => {
  const way = wayTo(waysFrom(costs, WIDTH, HEIGHT, onBorder(5)), WIDTH, onBorder(112));
  for (const [x, y] of way) assert.ok(Math.abs(y - border(x - 0.5)) < 2.5, `${x}, ${y}`);
});

test("each step goes to a pixel beside the last", () => {
  const way = wayTo(waysFrom(costs, WIDTH, HEIGHT, 0), WIDTH, WIDTH * HEIGHT - 1);
  assert.deepEqual([way[0], way.at(-1)], [[0.5, 0.5], [WIDTH - 0.5, HEIGHT - 0.5]]);
  way.slice(1).forEach(([x, y], index) => {
    assert.ok(Math.max(Math.abs(x - way[index][0]), Math.abs(y - way[index][1])) === 1);
  });
});

test("an image without edges gives the straight way", () => {
  const flat = edgeCosts({ values: new Uint8ClampedArray(WIDTH * HEIGHT), width: WIDTH, height: HEIGHT });
  const way = wayTo(waysFrom(flat, WIDTH, HEIGHT, 10 * WIDTH + 10), WIDTH, 10 * WIDTH + 50);
  assert.equal(way.length, 41);
});
