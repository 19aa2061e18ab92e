import assert from "node:assert/strict";
import { test } from "node:test";

import { edgesOf, HANDS, wayTo, waysFrom } from "#editor/livewire.js";

const WIDTH = 120;
const HEIGHT = 90;

/** Bright below a bent line, dark above. @param {number} x */
function border(x) {
  return 40 + 12 * Math.sin(x / 18);
}

const grey = Uint8ClampedArray.from({ length: WIDTH * HEIGHT }, (_, at) =>
  Math.floor(at / WIDTH) > border(at % WIDTH) ? 180 : 40,
);
const edges = edgesOf({ values: grey, width: WIDTH, height: HEIGHT });
const [RIGHT, LEFT] = HANDS;

/** @param {number} x */
function onBorder(x) {
  return Math.round(border(x)) * WIDTH + x;
}

test("the way between two places of a border follows it", () => {
  const way = wayTo(waysFrom(edges, onBorder(5), RIGHT).steps, WIDTH, onBorder(112));
  for (const [x, y] of way) assert.ok(Math.abs(y - border(x - 0.5)) < 2.5, `${x}, ${y}`);
});

test("each step goes to a pixel beside the last", () => {
  const way = wayTo(waysFrom(edges, 0, RIGHT).steps, WIDTH, WIDTH * HEIGHT - 1);
  assert.deepEqual([way[0], way.at(-1)], [[0.5, 0.5], [WIDTH - 0.5, HEIGHT - 0.5]]);
  way.slice(1).forEach(([x, y], index) => {
    assert.ok(Math.max(Math.abs(x - way[index][0]), Math.abs(y - way[index][1])) === 1);
  });
});

test("an image without edges gives the straight way", () => {
  const flat = edgesOf({ values: new Uint8ClampedArray(WIDTH * HEIGHT), width: WIDTH, height: HEIGHT });
  const way = wayTo(waysFrom(flat, 10 * WIDTH + 10, LEFT).steps, WIDTH, 10 * WIDTH + 50);
  assert.equal(way.length, 41);
});

/** A bright band between rows 30 and 42: a fascia with two rims. */
const band = Uint8ClampedArray.from({ length: WIDTH * HEIGHT }, (_, at) => {
  const row = Math.floor(at / WIDTH);
  return row >= 30 && row < 42 ? 200 : 50;
});
const rims = edgesOf({ values: band, width: WIDTH, height: HEIGHT });

/** @param {import("#editor/livewire.js").Hand} hand @param {number} from @param {number} to columns of row 36 */
function rowsAlong(hand, from, to) {
  const way = wayTo(waysFrom(rims, 36 * WIDTH + from, hand).steps, WIDTH, 36 * WIDTH + to);
  return way.slice(15, -15).map(([, y]) => y - 0.5);
}

test("with the bright on one hand a way keeps to one rim of a fascia, with it on the other to the other", () => {
  for (const row of rowsAlong(RIGHT, 5, 112)) assert.ok(Math.abs(row - 29.5) <= 1, `${row}`);
  for (const row of rowsAlong(LEFT, 5, 112)) assert.ok(Math.abs(row - 41.5) <= 1, `${row}`);
});

test("the way back has the bright on the other hand", () => {
  for (const row of rowsAlong(LEFT, 112, 5)) assert.ok(Math.abs(row - 29.5) <= 1, `${row}`);
});

test("along an edge the way with its bright side on the right hand costs less than the other", () => {
  const [right, left] = HANDS.map((hand) => waysFrom(edges, onBorder(5), hand).costs[onBorder(112)]);
  assert.ok(right < left / 3, `${right}, ${left}`);
});
