import assert from "node:assert/strict";
import { test } from "node:test";

import { smoothed } from "#editor/smoothing.js";

/** @param {number} wavelength @returns {import("#editor/geometry.js").Point[]} */
function wave(wavelength) {
  return Array.from({ length: 241 }, (_, x) => [x, 5 * Math.sin((2 * Math.PI * x) / wavelength)]);
}

/** Away from the ends. @param {import("#editor/geometry.js").Point[]} line */
function height(line) {
  return Math.max(...line.filter(([x]) => x > 40 && x < 200).map(([, y]) => Math.abs(y)));
}

test("short waves lose most of their height, long ones stay", () => {
  assert.ok(height(smoothed(wave(20), 0.01)) < 1.5);
  assert.ok(height(smoothed(wave(80), 0.01)) > 4);
});

test("the ends stay, and needless points go", () => {
  const line = wave(20);
  const even = smoothed(line, 0.35);
  assert.deepEqual([even[0], even.at(-1)], [line[0], line.at(-1)]);
  assert.ok(even.length < 30);
});

test("a line of two points stays", () => {
  assert.deepEqual(smoothed([[0, 0], [9, 0]], 0.35), [[0, 0], [9, 0]]);
});
