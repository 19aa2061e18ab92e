/**
 * Work on other scans that was left unsaved, such as offline: it goes up from whatever scan is open.
 *
 * @typedef {import("#editor/journal.js").Journal} Journal
 * @typedef {import("#editor/journal.js").ScanPlace} ScanPlace
 */
import { Saver } from "#editor/saver.js";
import { sendingTo } from "#editor/sending.js";
import { WorkLock } from "#editor/work-lock.js";

/** @param {Journal} journal @param {number} user @param {string} open the scope of the scan that is open @returns {Promise<ScanPlace[]>} where a person has to look */
export async function sendLeftovers(journal, user, open) {
  const scopes = await journal.scopes(user).catch(() => []);
  /** @type {ScanPlace[]} */
  const stuck = [];
  for (const scope of scopes.filter((other) => other !== open)) {
    const lock = new WorkLock(scope);
    if (await lock.take(async () => {})) stuck.push(...(await send(journal, user, scope)));
    lock.close();
  }
  return stuck;
}

/** @param {Journal} journal @param {number} user @param {string} scope */
async function send(journal, user, scope) {
  const [entry] = await journal.entries(scope).catch(() => []);
  if (!entry) return [];
  const saver = new Saver({
    journal,
    scope,
    place: entry.place,
    revision: 0,
    send: sendingTo(entry.place.save, user),
    onState: () => {},
    onSaved: () => {},
  });
  await saver.start();
  await saver.flush();
  saver.close();
  return ["saved", "saving", "offline"].includes(saver.state.kind) ? [] : [entry.place];
}
