import assert from "node:assert/strict";
import { test } from "node:test";

import { Handover } from "#editor/handover.js";

import { storage } from "./storage-of-tests.js";

/** @typedef {import("#editor/journal.js").Entry} Entry */

test("what a page hands over is there for the next one of the same scan, until it is taken", () => {
  const kept = storage();
  const entries = /** @type {Entry[]} */ (/** @type {unknown} */ ([{ key: "a", sent: true }]));
  new Handover(kept).give("1:7", entries);
  const next = new Handover(kept);
  assert.deepEqual(next.given("1:7"), entries);
  assert.deepEqual(next.given("1:8"), []);
  assert.deepEqual(next.scopes, ["1:7"]);
  next.taken("1:7");
  assert.deepEqual(new Handover(kept).scopes, []);
});

test("the newest revision of each scan is known, of the latest scans", () => {
  const kept = storage();
  const handover = new Handover(kept);
  for (let scan = 1; scan <= 501; scan += 1) handover.confirm(`1:${scan}`, scan);
  handover.confirm("1:500", 2);
  assert.equal(new Handover(kept).confirmed("1:500"), 2);
  assert.equal(handover.confirmed("1:1"), 0);
  assert.equal(handover.confirmed("1:2"), 2);
});

test("what cannot be read, or has no room, is as if nothing had been handed over", () => {
  const handover = new Handover(storage({ "myotrace-handed-1:7": "{", "myotrace-newest": "7" }));
  assert.deepEqual(handover.given("1:7"), []);
  assert.equal(handover.confirmed("1:7"), 0);
  const full = new Handover({ ...storage(), setItem: () => assert.fail("full") });
  full.confirm("1:7", 3);
  assert.equal(full.confirmed("1:7"), 0);
});
