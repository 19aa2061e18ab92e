import assert from "node:assert/strict";
import { test } from "node:test";

import { boxRound, shifted } from "#editor/carrying.js";
import { shiftBetween } from "#editor/registration.js";

import { circle, region } from "./shapes-of-tests.js";

const [WIDTH, HEIGHT] = [384, 400];

/** Smooth random grains, as if seen shifted. @param {number} dx @param {number} dy */
function speckle(dx, dy) {
  const grains = noise(5).values;
  const at = (/** @type {number} */ column, /** @type {number} */ row) =>
    grains[((row + 100) % 100) * 100 + ((column + 100) % 100)];
  const values = new Uint8ClampedArray(WIDTH * HEIGHT);
  for (let y = 0; y < HEIGHT; y += 1) {
    for (let x = 0; x < WIDTH; x += 1) {
      const [u, v] = [(x - dx) / 5, (y - dy) / 5];
      const [column, row] = [Math.floor(u), Math.floor(v)];
      const [fx, fy] = [u - column, v - row];
      const upper = at(column, row) * (1 - fx) + at(column + 1, row) * fx;
      const lower = at(column, row + 1) * (1 - fx) + at(column + 1, row + 1) * fx;
      values[y * WIDTH + x] = upper * (1 - fy) + lower * fy;
    }
  }
  return { values, width: WIDTH, height: HEIGHT };
}

/** @param {number} seed */
function noise(seed) {
  let state = seed;
  const values = Uint8ClampedArray.from({ length: WIDTH * HEIGHT }, () => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return state >>> 24;
  });
  return { values, width: WIDTH, height: HEIGHT };
}

const box = boxRound([region("RF", circle(60, 70, 190, 200))]);

for (const [dx, dy] of [[0, 0], [6, -4], [-11, 9], [2.5, 1.5], [0.5, -0.75]]) {
  test(`a picture that moved by ${dx}, ${dy} px is found to have moved so`, () => {
    const shift = shiftBetween(speckle(0, 0), speckle(dx, dy), box);
    assert.ok(shift);
    assert.ok(Math.hypot(shift[0] - dx, shift[1] - dy) < 0.6, `${shift}`);
  });
}

test("another picture gives no shift", () => {
  assert.equal(shiftBetween(noise(1), noise(2), box), null);
});

test("an even picture gives no shift", () => {
  const even = { values: new Uint8ClampedArray(WIDTH * HEIGHT).fill(90), width: WIDTH, height: HEIGHT };
  assert.equal(shiftBetween(even, even, box), null);
});

test("pictures of other sizes are not compared", () => {
  const other = { ...speckle(0, 0), width: HEIGHT, height: WIDTH };
  assert.equal(shiftBetween(speckle(0, 0), other, box), null);
});

test("an outline at the edge of the picture is compared, too", () => {
  const atEdge = boxRound([region("RF", circle(40, 60, 330, 350))]);
  const shift = shiftBetween(speckle(0, 0), speckle(3, 2), atEdge);
  assert.ok(shift && Math.hypot(shift[0] - 3, shift[1] - 2) < 1);
});

test("outlines move by the shift and stay in the picture", () => {
  const [moved] = shifted([region("RF", circle(4, 10, 380, 200))], [3, 0.5], speckle(0, 0));
  assert.deepEqual(moved.parts[0][0].map(([x]) => x), [384, 383, 373, 383]);
  assert.equal(moved.parts[0][0][0][1], 200.5);
});
