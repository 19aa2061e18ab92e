import assert from "node:assert/strict";
import { test } from "node:test";

import { Following } from "#editor/following.js";

const GREY = { values: new Uint8ClampedArray(4), width: 2, height: 2 };

/** Workers that are kept at hand, and a clock that goes when it is told to. */
function workplace() {
  /** @type {{sent: any[], isGone: boolean, hear: Record<string, (event: any) => void>}[]} */
  const workers = [];
  /** @type {(() => void) | null} */
  let alarm = null;
  let changes = 0;
  const employ = () => {
    const worker = { sent: /** @type {any[]} */ ([]), isGone: false, hear: /** @type {any} */ ({}) };
    workers.push(worker);
    return /** @type {any} */ ({
      postMessage: (/** @type {any} */ data) => worker.sent.push(data),
      terminate: () => (worker.isGone = true),
      addEventListener: (/** @type {string} */ name, /** @type {any} */ run) => (worker.hear[name] = run),
    });
  };
  const following = new Following(employ, () => (changes += 1), {
    set: (run) => (alarm = run),
    clear: () => (alarm = null),
  });
  return { following, workers, changes: () => changes, timeIsUp: () => alarm?.(), isWaiting: () => alarm !== null };
}

test("an answer is kept for its pixel, and the scan is sent once", () => {
  const { following, workers, changes, isWaiting } = workplace();
  following.ask(GREY, 1);
  following.ask(GREY, 1);
  workers[0].hear.message({ data: { seed: 1, ways: ["ways"] } });
  assert.deepEqual(following.from(1), ["ways"]);
  following.ask(GREY, 2);
  assert.deepEqual(workers[0].sent, [GREY, { seed: 1 }, { seed: 2 }]);
  assert.deepEqual([following.from(2), changes(), isWaiting()], [null, 1, true]);
});

test("a worker that never answers is replaced and asked again, and its late answer is not heard", () => {
  const { following, workers, timeIsUp } = workplace();
  following.ask(GREY, 1);
  timeIsUp();
  assert.deepEqual([workers.length, workers[0].isGone], [2, true]);
  assert.deepEqual(workers[1].sent, [GREY, { seed: 1 }]);
  workers[0].hear.message({ data: { seed: 1, ways: ["late"] } });
  assert.equal(following.from(1), null);
  workers[1].hear.message({ data: { seed: 1, ways: ["ways"] } });
  assert.deepEqual(following.from(1), ["ways"]);
  assert.equal(following.hasGivenUp(1), false);
});

for (const kind of ["silent", "dead"]) {
  test(`after two ${kind} workers the pixel is given up, and the next one is asked of a new worker`, () => {
    const { following, workers, changes, timeIsUp, isWaiting } = workplace();
    following.ask(GREY, 1);
    for (const at of [0, 1]) {
      if (kind === "silent") timeIsUp();
      else workers[at].hear.error({});
    }
    assert.deepEqual([following.hasGivenUp(1), changes(), isWaiting()], [true, 1, false]);
    following.ask(GREY, 2);
    assert.equal(following.hasGivenUp(2), false);
    workers[2].hear.message({ data: { seed: 2, ways: ["ways"] } });
    assert.deepEqual(following.from(2), ["ways"]);
  });
}

test("nobody works on once the scan is left, however late the clock", () => {
  const { following, workers, changes, timeIsUp, isWaiting } = workplace();
  following.ask(GREY, 1);
  following.close();
  timeIsUp();
  assert.deepEqual([workers.length, workers[0].isGone, isWaiting(), changes()], [1, true, false, 0]);
});

test("where no worker can be made the pixel is given up at once", () => {
  const following = new Following(
    () => {
      throw new Error("no workers here");
    },
    () => {},
  );
  following.ask(GREY, 1);
  assert.equal(following.hasGivenUp(1), true);
});
