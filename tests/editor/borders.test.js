import assert from "node:assert/strict";
import { test } from "node:test";

import { borderFindings, findingWords } from "#editor/borders.js";

import { circle, rectangle, region } from "./shapes-of-tests.js";

const LEFT = region("PL", rectangle(0, 0, 50, 100));

test("a shared border is no finding", () => {
  assert.deepEqual(borderFindings([LEFT, region("PB", rectangle(50, 0, 100, 100))], null), []);
});

test("an overlap is measured", () => {
  const [found, ...more] = borderFindings([LEFT, region("PB", rectangle(48, 0, 100, 100))], null);
  assert.deepEqual([found.kind, found.labels, found.px2], ["overlap", ["PL", "PB"], 200]);
  assert.deepEqual(more, []);
});

test("a narrow gap is measured, a wide one is none", () => {
  const [found] = borderFindings([LEFT, region("PB", rectangle(52, 0, 100, 100))], null);
  assert.deepEqual([found.kind, found.labels, Math.round(found.px2)], ["gap", ["PL", "PB"], 200]);
  assert.deepEqual(borderFindings([LEFT, region("PB", rectangle(60, 0, 100, 100))], null), []);
});

test("with a calibration a gap is narrow in mm", () => {
  const apart = [LEFT, region("PB", rectangle(53, 0, 100, 100))];
  assert.equal(borderFindings(apart, [0.1, 0.1]).length, 1);
  assert.equal(borderFindings(apart, [0.5, 0.5]).length, 0);
});

test("the notch where two round muscles meet is no gap", () => {
  const halves = [
    region("PL", circle(90, 50, 100, 100).map(([x, y]) => [Math.min(x, 100), y])),
    region("PB", circle(90, 50, 190, 100).map(([x, y]) => [Math.max(x, 150), y])),
  ];
  assert.deepEqual(borderFindings(halves, null), []);
});

test("findings are said in mm², and in px² without a calibration", () => {
  const finding = { kind: /** @type {const} */ ("gap"), labels: /** @type {[string, string]} */ (["PL", "PB"]), px2: 50 };
  assert.equal(findingWords(finding, [0.1, 0.1], (name) => name), "A gap of 0.50 mm² between PL and PB.");
  assert.equal(findingWords({ ...finding, kind: "overlap" }, null, (name) => name), "PL and PB overlap by 50 px².");
});
