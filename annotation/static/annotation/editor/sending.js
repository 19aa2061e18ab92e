/**
 * How unsaved work goes to the server: on top of a revision, under its own key, and for its author
 * only, whoever is signed in by now.
 *
 * @typedef {import("#editor/journal.js").Entry} Entry
 */
import { call } from "#editor/connection.js";

/** @param {string} address of the saves @param {number} author */
export function sendingTo(address, author) {
  return (/** @type {Entry} */ { key, schema, work }, /** @type {number} */ base, leaving = false) =>
    call("PUT", address, { schema, ...work }, {
      headers: { "If-Match": `"${base}"`, "Idempotency-Key": key, "X-Author": String(author) },
      keepalive: leaving,
    });
}
