import assert from "node:assert/strict";
import { test } from "node:test";

import { AREA_UNITS, area, number } from "#editor/numbers.js";

test("a number has a real minus sign and no minus before a zero", () => {
  assert.equal(number(-1.26, 1), "\u22121.3");
  assert.equal(number(-0.04, 1), "0.0");
  assert.equal(number(3, 2), "3.00");
});

test("an area is written in the site's unit", () => {
  assert.equal(area(233.4, "mm2"), "233 mm²");
  assert.equal(area(233.4, "cm2"), "2.33 cm²");
  assert.equal(area(1.5, "cm2", 1), "0.015 cm²");
  assert.deepEqual(Object.keys(AREA_UNITS), ["mm2", "cm2"]);
});
