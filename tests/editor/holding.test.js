import assert from "node:assert/strict";
import { test } from "node:test";

import { Holding } from "#editor/holding.js";

/** A window whose calls and timers are counted. */
function pageOfTests() {
  const page = { calls: 0, timers: 0 };
  Object.assign(globalThis, {
    document: { cookie: "", querySelector: () => null },
    HTMLInputElement: class {},
    window: {
      setInterval: () => (page.timers += 1),
      addEventListener: () => {},
    },
    fetch: async () => {
      page.calls += 1;
      return new Response(null, { status: 204 });
    },
  });
  return page;
}

test("a scan that is shown is reserved, and again as long as it is", () => {
  const page = pageOfTests();
  const holding = new Holding("/reservation", () => {});
  holding.start();
  assert.deepEqual(page, { calls: 1, timers: 1 });
  holding.close();
});

test("a scan that was left before it appeared is reserved no more", () => {
  const page = pageOfTests();
  const holding = new Holding("/reservation", () => {});
  holding.close();
  holding.start();
  assert.deepEqual(page, { calls: 0, timers: 0 });
});
