import assert from "node:assert/strict";
import { test } from "node:test";

import { Sweep } from "#editor/sweep.js";

import { rectangle, region } from "./shapes-of-tests.js";

const square = [region("RF", rectangle(0, 0, 50, 50))];

/** @param {import("#editor/sweep.js").FrameState[]} states of frames with the images 100, 101 and so on */
function sweepOf(...states) {
  return new Sweep(
    states.map((state, index) => ({
      image: 100 + index,
      number: index + 1,
      state,
      page: `/images/${100 + index}/edit/`,
      pixels: "",
      annotation: "",
    })),
  );
}

/** @param {Sweep} sweep */
const statesOf = (sweep) => sweep.frames.map((frame) => sweep.stateOf(frame));

/** @type {import("#editor/sweep.js").Proposal} */
const carried = { regions: square, tool: "carried", version: "", says: "Carried over" };

test("frames lie beside each other and end", () => {
  const sweep = sweepOf("empty", "empty");
  assert.equal(sweep.beside(100, 1)?.image, 101);
  assert.equal(sweep.beside(101, -1)?.image, 100);
  assert.equal(sweep.beside(101, 1), null);
  assert.equal(sweep.beside(100, -1), null);
});

test("frames that cannot be opened are stepped over", () => {
  const { frames } = sweepOf("waiting", "empty", "empty", "returned", "empty");
  const page = (/** @type {import("#editor/sweep.js").Frame} */ frame) =>
    frame.state === "empty" ? "" : frame.page;
  const sweep = new Sweep(frames.map((frame) => ({ ...frame, page: page(frame) })));
  assert.equal(sweep.toward(100, 1)?.image, 103);
  assert.equal(sweep.toward(103, -1)?.image, 100);
  assert.equal(sweep.toward(103, 1), null);
});

test("a decision is shown at once", () => {
  const sweep = sweepOf("waiting", "waiting");
  sweep.finish(100, "returned");
  sweep.begin(101);
  assert.deepEqual(statesOf(sweep), ["returned", "waiting"]);
});

test("work makes an open frame a draft, and leaves what is done", () => {
  const sweep = sweepOf("empty", "proposed", "done");
  for (const { image } of sweep.frames) sweep.begin(image);
  assert.deepEqual(statesOf(sweep), ["draft", "draft", "done"]);
});

test("what is handed in is done", () => {
  const sweep = sweepOf("draft");
  sweep.finish(100, "done");
  assert.deepEqual(statesOf(sweep), ["done"]);
});

test("a proposal shows on an open frame until it is rejected", () => {
  const sweep = sweepOf("empty", "empty");
  sweep.propose(101, carried);
  assert.deepEqual(statesOf(sweep), ["empty", "proposed"]);
  assert.equal(sweep.proposalFor(101, null), carried);
  sweep.reject(101);
  assert.deepEqual(statesOf(sweep), ["empty", "empty"]);
  assert.equal(sweep.proposalFor(101, null), null);
});

test("a pre-label is proposed until it is rejected; a newer proposal counts more", () => {
  const sweep = sweepOf("proposed");
  const suggestion = { version: "RF-v1", regions: square };
  assert.equal(sweep.proposalFor(100, suggestion)?.tool, "pre-label");
  assert.equal(sweep.proposalFor(100, suggestion)?.version, "RF-v1");
  sweep.reject(100);
  assert.equal(sweep.proposalFor(100, suggestion), null);
  sweep.propose(100, carried);
  assert.equal(sweep.proposalFor(100, suggestion), carried);
});

test("a gap lies between the nearest outlined frames on both sides", () => {
  const sweep = sweepOf("draft", "empty", "proposed", "done", "empty");
  const [gap, ...others] = sweep.gapsAt(101);
  assert.deepEqual(others, []);
  assert.deepEqual([gap.from.image, gap.to.image], [100, 103]);
  assert.deepEqual(gap.between.map(({ image }) => image), [101, 102]);
  assert.deepEqual(sweep.gapsAt(104), []);
});

test("an outlined frame bounds the gaps on both its sides", () => {
  const sweep = sweepOf("draft", "empty", "draft", "empty", "draft");
  assert.deepEqual(
    sweep.gapsAt(102).map(({ between }) => between[0].image),
    [101, 103],
  );
  assert.equal(sweep.gapsAt(100).length, 1);
});

test("neighbouring outlined frames have no gap", () => {
  assert.deepEqual(sweepOf("draft", "draft").gapsAt(100), []);
});

test("kept proposals come back but where a frame was outlined meanwhile", () => {
  const sweep = sweepOf("empty", "draft", "proposed");
  const kept = [100, 101, 102, 999].map((image) => ({ image, proposal: carried }));
  assert.deepEqual(sweep.recall(kept), { back: [100, 102], needless: [101, 999] });
  assert.deepEqual(statesOf(sweep), ["proposed", "draft", "proposed"]);
  assert.equal(sweep.madeFor(100), carried);
  assert.equal(sweep.madeFor(101), null);
});
