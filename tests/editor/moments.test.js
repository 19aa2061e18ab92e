import assert from "node:assert/strict";
import { test } from "node:test";

import { clockTime, momentWords } from "#editor/moments.js";

const AT = new Date("2026-11-29T20:47:09Z");

test("a moment has its day where it is not today in that zone", () => {
  assert.equal(momentWords(AT, "UTC", new Date("2026-11-29T23:00:00Z")), "20:47");
  assert.equal(momentWords(AT, "UTC", new Date("2026-11-30T01:00:00Z")), "2026-11-29 20:47");
  assert.equal(momentWords(AT, "Asia/Tokyo", new Date("2026-11-30T01:00:00Z")), "05:47");
});

test("a zone that this browser does not know is UTC", () => {
  assert.equal(clockTime(AT, "Nowhere/Such"), "20:47:09");
});
