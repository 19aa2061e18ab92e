import assert from "node:assert/strict";
import { test } from "node:test";

import { Handover } from "#editor/handover.js";
import { latestChain, MemoryJournal, randomKey } from "#editor/journal.js";
import { saveNotice, saveWords } from "#editor/save-words.js";
import { Saver } from "#editor/saver.js";

import { rectangle, region } from "./shapes-of-tests.js";
import { storage } from "./storage-of-tests.js";

/** @typedef {import("#editor/journal.js").Entry} Entry */
/** @typedef {import("#editor/journal.js").Work} Work */
/** @typedef {import("#editor/saver.js").SaveState} SaveState */

const PLACE = { title: "S-017", page: "/edit/", save: "/save" };

/** @param {number} size @returns {Work} */
function work(size) {
  return {
    regions: [region("RF", rectangle(0, 0, size, size))],
    origin: "drawn",
    suggestion_version: "",
    based_on: null,
    decision: "",
    reason: "",
    seconds: 2,
    tools: { draw: 1, draw_ms: 100 },
  };
}

/** A server that keeps revisions as ours does: compare-and-set, repeated keys answered alike. */
class Server {
  /** @type {{key: string, work: Work}[]} */
  revisions = [];
  /** @type {"up" | "down" | "answer lost" | "signed out" | "forbidden" | "invalid"} */
  mood = "up";
  requests = 0;

  /** @param {Entry} entry @param {number} base */
  send = async (entry, base) => {
    this.requests += 1;
    if (this.mood === "down") throw new TypeError("Failed to fetch");
    if (this.mood === "signed out") return { status: 401, data: null };
    if (this.mood === "forbidden") return { status: 403, data: { detail: "Somebody else." } };
    if (this.mood === "invalid") return { status: 400, data: { detail: "Region 1 has no area." } };
    const isRepeated = this.revisions.some(({ key }) => key === entry.key);
    if (!isRepeated && base !== this.revisions.length) return { status: 412, data: this.head };
    if (!isRepeated) this.revisions.push({ key: entry.key, work: structuredClone(entry.work) });
    if (this.mood === "answer lost") throw new TypeError("Failed to fetch");
    return { status: 200, data: this.head };
  };

  get head() {
    return { id: 1, revision: this.revisions.length, regions: this.revisions.at(-1)?.work.regions };
  }
}

/** @param {Server} server @param {MemoryJournal} journal @param {number} [revision] */
function windowOn(server, journal, revision = server.revisions.length) {
  /** @type {string[]} */
  const states = [];
  const saver = new Saver({
    journal,
    scope: "1:7",
    place: PLACE,
    revision,
    send: server.send,
    onState: ({ kind }) => states.push(kind),
    onSaved: () => {},
  });
  return { saver, states };
}

/** The same, begun. @param {Server} server @param {MemoryJournal} journal */
async function openWindow(server, journal) {
  const opened = windowOn(server, journal);
  await opened.saver.start();
  return opened;
}

/** @param {Saver} saver @param {number} size */
async function saveNow(saver, size) {
  saver.change(work(size));
  await saver.flush();
}

test("every gesture becomes a revision and leaves the journal when it is confirmed", async () => {
  const [server, journal] = [new Server(), new MemoryJournal()];
  const { saver, states } = await openWindow(server, journal);
  for (const size of [10, 20, 30]) await saveNow(saver, size);
  assert.deepEqual(server.revisions.map(({ work: { regions } }) => regions[0].parts[0][0][1][0]), [10, 20, 30]);
  assert.deepEqual(await journal.entries("1:7"), []);
  assert.equal(states.at(-1), "saved");
  assert.equal(saver.revision, 3);
});

test("a gesture is saved by itself within a second", async () => {
  const server = new Server();
  const { saver } = await openWindow(server, new MemoryJournal());
  const start = performance.now();
  saver.change(work(10));
  await saver.saved;
  assert.ok(performance.now() - start < 1000);
  assert.equal(server.revisions.length, 1);
});

test("the journal holds a change before the server is asked", async () => {
  const journal = new MemoryJournal();
  let kept = -1;
  const saver = new Saver({
    journal,
    scope: "1:7",
    place: PLACE,
    revision: 0,
    send: async () => {
      kept = (await journal.entries("1:7")).length;
      return { status: 200, data: { revision: 1, regions: [] } };
    },
    onState: () => {},
    onSaved: () => {},
  });
  await saver.start();
  await saveNow(saver, 10);
  assert.equal(kept, 1);
});

test("gestures during a save follow it as one revision with the time and tools of all", async () => {
  const server = new Server();
  const { saver } = await openWindow(server, new MemoryJournal());
  saver.change(work(10));
  const saving = saver.flush();
  saver.change(work(20));
  saver.change(work(30));
  await saving;
  await saver.saved;
  assert.equal(server.revisions.length, 2);
  const [, { work: second }] = server.revisions;
  assert.deepEqual(second.tools, { draw: 2, draw_ms: 200 });
  assert.equal(second.seconds, 4);
});

test("work keeps the pre-label of the page on which it began", async () => {
  const [server, journal] = [new Server(), new MemoryJournal()];
  const first = await openWindow(server, journal);
  server.mood = "down";
  first.saver.change({ ...work(10), offered_version: "v1" });
  first.saver.close();
  const { saver } = await openWindow(server, journal);
  saver.change({ ...work(20), offered_version: "" });
  server.mood = "up";
  await saver.flush();
  await saver.saved;
  assert.equal(server.revisions.length, 1);
  assert.equal(server.revisions[0].work.offered_version, "v1");
});

test("offline, changes are counted, kept and saved when the server is back", async () => {
  const [server, journal] = [new Server(), new MemoryJournal()];
  const { saver } = await openWindow(server, journal);
  server.mood = "down";
  await saveNow(saver, 10);
  saver.change(work(20));
  assert.deepEqual(saver.state, { kind: "offline", changes: 2 });
  assert.equal((await journal.entries("1:7")).length, 2);
  server.mood = "up";
  await saver.flush();
  assert.equal(saver.state.kind, "saved");
  assert.equal(server.revisions.length, 2);
});

test("a save whose answer was lost makes one revision", async () => {
  const server = new Server();
  const { saver } = await openWindow(server, new MemoryJournal());
  server.mood = "answer lost";
  await saveNow(saver, 10);
  assert.equal(saver.state.kind, "offline");
  server.mood = "up";
  await saver.flush();
  assert.equal(server.revisions.length, 1);
  assert.equal(saver.revision, 1);
});

test("after signing out, work is kept and saved after signing in", async () => {
  const server = new Server();
  const { saver } = await openWindow(server, new MemoryJournal());
  server.mood = "signed out";
  await saveNow(saver, 10);
  assert.deepEqual(saver.state, { kind: "signed-out", changes: 1 });
  server.mood = "up";
  await saver.flush();
  assert.equal(server.revisions.length, 1);
});

test("a stale window gets a conflict, overwrites nothing and keeps its work", async () => {
  const server = new Server();
  const mine = await openWindow(server, new MemoryJournal());
  const journal = new MemoryJournal();
  const stale = await openWindow(server, journal);
  await saveNow(mine.saver, 10);
  await saveNow(stale.saver, 99);
  assert.equal(stale.saver.state.kind, "conflict");
  assert.equal(server.revisions.length, 1);
  stale.saver.change(work(98));
  await stale.saver.flush();
  assert.equal(server.revisions.length, 1);
  assert.deepEqual((await journal.entries("1:7")).map((entry) => entry.changes), [1, 1]);
});

test("a conflict ends by saving mine on top, or by taking the other's", async () => {
  const server = new Server();
  const [first, second] = [await openWindow(server, new MemoryJournal()), await openWindow(server, new MemoryJournal())];
  const third = await openWindow(server, new MemoryJournal());
  await saveNow(first.saver, 10);
  await saveNow(second.saver, 20);
  await second.saver.keepMine(work(20));
  assert.equal(second.saver.state.kind, "saved");
  assert.equal(server.revisions.length, 2);
  await saveNow(third.saver, 30);
  const head = await third.saver.takeTheirs();
  assert.equal(head.revision, 2);
  assert.equal(third.saver.state.kind, "saved");
  await saveNow(third.saver, 40);
  assert.equal(server.revisions.length, 3);
});

test("what the server refuses is said, and the next gesture stands in its place", async () => {
  const [server, journal] = [new Server(), new MemoryJournal()];
  const { saver } = await openWindow(server, journal);
  server.mood = "invalid";
  await saveNow(saver, 0);
  assert.deepEqual(saver.state, { kind: "refused", message: "Region 1 has no area.", changes: 1 });
  await saver.flush();
  assert.equal(server.requests, 1);
  server.mood = "up";
  await saveNow(saver, 10);
  assert.equal(server.revisions.length, 1);
  assert.deepEqual(await journal.entries("1:7"), []);
});

test("a crashed window's work comes back and is saved once", async () => {
  const [server, journal] = [new Server(), new MemoryJournal()];
  const crashed = await openWindow(server, journal);
  server.mood = "answer lost";
  await saveNow(crashed.saver, 10);
  crashed.saver.change(work(20));
  server.mood = "up";
  const next = windowOn(server, journal);
  assert.deepEqual(await next.saver.start(), work(20));
  await next.saver.saved;
  assert.equal(server.revisions.length, 2);
  assert.equal(next.saver.revision, 2);
  assert.deepEqual(await journal.entries("1:7"), []);
});

test("a crashed window's work that builds on an old revision is a conflict", async () => {
  const [server, journal] = [new Server(), new MemoryJournal()];
  const crashed = await openWindow(server, journal);
  server.mood = "down";
  await saveNow(crashed.saver, 10);
  server.mood = "up";
  await saveNow((await openWindow(server, new MemoryJournal())).saver, 50);
  const next = windowOn(server, journal);
  await next.saver.start();
  await next.saver.flush();
  assert.equal(next.saver.state.kind, "conflict");
  assert.equal((await journal.entries("1:7")).length, 1);
});

test("a repeated save that is no longer the newest is a conflict", async () => {
  const [server, journal] = [new Server(), new MemoryJournal()];
  const crashed = await openWindow(server, journal);
  server.mood = "answer lost";
  await saveNow(crashed.saver, 10);
  server.mood = "up";
  await saveNow((await openWindow(server, new MemoryJournal())).saver, 50);
  const next = windowOn(server, journal, 1);
  await next.saver.start();
  await next.saver.flush();
  assert.equal(next.saver.state.kind, "conflict");
});

test("saving goes on where the browser keeps nothing, and says so", async () => {
  const server = new Server();
  const journal = {
    put: () => Promise.reject(new Error("no room")),
    remove: () => Promise.reject(new Error("no room")),
    entries: () => Promise.reject(new Error("no room")),
  };
  const { saver } = windowOn(server, /** @type {any} */ (journal));
  assert.equal(await saver.start(), null);
  await saveNow(saver, 10);
  assert.equal(server.revisions.length, 1);
  assert.equal(saver.journalFailed, true);
});

test("where the disk is full, what a page hands over is saved by the next one and shown by none after", async () => {
  const server = new Server();
  const full = {
    put: () => Promise.reject(new Error("no room")),
    remove: () => Promise.reject(new Error("no room")),
    entries: () => Promise.reject(new Error("no room")),
    handover: new Handover(storage()),
  };
  const journal = /** @type {any} */ (full);
  server.mood = "down";
  const left = await openWindow(server, journal);
  await saveNow(left.saver, 10);
  left.saver.flush(true);
  left.saver.close();
  const next = windowOn(server, journal);
  assert.deepEqual(await next.saver.start(), work(10));
  assert.equal(next.saver.state.kind, "saving");
  assert.equal(full.handover.given("1:7").length, 1);
  server.mood = "up";
  await next.saver.flush();
  assert.equal(next.saver.state.kind, "saved");
  assert.equal(server.revisions.length, 1);
  assert.deepEqual(full.handover.given("1:7"), []);
});

test("only the window that wrote last is taken up, in its order", () => {
  const entry = (/** @type {Partial<Entry>} */ some) => /** @type {Entry} */ ({ key: randomKey(), ...some });
  const chain = latestChain([
    entry({ tab: "b", order: 2, at: 30 }),
    entry({ tab: "a", order: 1, at: 20 }),
    entry({ tab: "b", order: 1, at: 10 }),
  ]);
  assert.deepEqual(chain.map(({ tab, order }) => [tab, order]), [["b", 1], ["b", 2]]);
});

test("keys are UUIDs of version 4, and no two alike", () => {
  const keys = Array.from({ length: 50 }, randomKey);
  for (const key of keys) {
    assert.match(key, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }
  assert.equal(new Set(keys).size, 50);
});

test("what may not be saved now is kept, said, and saved when it may", async () => {
  const server = new Server();
  const { saver } = await openWindow(server, new MemoryJournal());
  server.mood = "forbidden";
  await saveNow(saver, 10);
  assert.deepEqual(saver.state, { kind: "forbidden", message: "Somebody else.", changes: 1 });
  server.mood = "up";
  await saver.flush();
  assert.equal(server.revisions.length, 1);
});

test("what a newer version left is neither sent nor touched", async () => {
  const [server, journal] = [new Server(), new MemoryJournal()];
  const crashed = await openWindow(server, journal);
  server.mood = "down";
  await saveNow(crashed.saver, 10);
  server.mood = "up";
  const [entry] = await journal.entries("1:7");
  await journal.put({ ...entry, schema: 2 });
  const next = windowOn(server, journal);
  assert.equal(await next.saver.start(), null);
  await next.saver.flush();
  assert.deepEqual(next.saver.state, { kind: "newer", changes: 1 });
  assert.deepEqual(await journal.entries("1:7"), [{ ...entry, schema: 2 }]);
  assert.equal(server.requests, 1);
});

test("nothing is sent before what was left is taken up; then both become revisions, in order", async () => {
  const [server, journal] = [new Server(), new MemoryJournal()];
  const crashed = await openWindow(server, journal);
  server.mood = "down";
  await saveNow(crashed.saver, 10);
  server.mood = "up";
  const next = windowOn(server, journal);
  await saveNow(next.saver, 20);
  assert.equal(server.requests, 1);
  assert.equal(await next.saver.start(), null);
  await next.saver.saved;
  const widths = server.revisions.map(({ work: { regions } }) => regions[0].parts[0][0][1][0]);
  assert.deepEqual(widths, [10, 20]);
  assert.deepEqual(await journal.entries("1:7"), []);
});

test("a closed window asks the server no more and leaves its work in the journal", async () => {
  const [server, journal] = [new Server(), new MemoryJournal()];
  const { saver } = await openWindow(server, journal);
  saver.change(work(10));
  saver.close();
  await saver.flush();
  assert.equal(server.requests, 0);
  assert.equal((await journal.entries("1:7")).length, 1);
  assert.deepEqual(await journal.scopes(1), ["1:7"]);
  assert.deepEqual(await journal.scopes(2), []);
});

test("an entry that found no room counts as unkept until it is saved", async () => {
  const server = new Server();
  const full = Object.assign(new MemoryJournal(), { put: () => Promise.reject(new Error("full")) });
  const { saver } = await openWindow(server, full);
  server.mood = "down";
  await saveNow(saver, 10);
  assert.equal(saver.journalFailed, true);
  server.mood = "up";
  await saver.flush();
  assert.equal(saver.journalFailed, false);
});

test("each state that needs a person says what to do, and where the changes are", () => {
  /** @type {SaveState[]} */
  const states = [
    { kind: "signed-out", changes: 2 },
    { kind: "forbidden", message: "Your role has changed.", changes: 2 },
    { kind: "refused", message: "Region 1 has no area.", changes: 2 },
  ];
  for (const state of states) {
    assert.match(saveNotice(state)?.text ?? "", /kept in this browser/);
    assert.match(saveNotice(state, false)?.text ?? "", /only in this window/);
  }
  assert.equal(saveNotice({ kind: "offline", changes: 1 }), null);
  assert.match(saveNotice({ kind: "offline", changes: 1 }, false)?.text ?? "", /Leave it open/);
  assert.equal(saveWords({ kind: "offline", changes: 1 }), "offline, 1 change kept here");
  assert.equal(saveWords({ kind: "saving", changes: 1 }, false), "saving, only in this window");
});
