import assert from "node:assert/strict";
import { test } from "node:test";

import { warmUp } from "#editor/warm-up.js";

test("warming up changes nothing, whatever is there", () => {
  warmUp([]);
  const regions = [{ label: "RF", cut: [], parts: [[[[10, 10], [90, 10], [90, 90], [10, 90]]]] }];
  const before = structuredClone(regions);
  warmUp(/** @type {any} */ (regions));
  assert.deepEqual(regions, before);
});
