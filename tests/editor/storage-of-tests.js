/** A storage as browsers have it. @param {Record<string, string>} kept */
export function storage(kept = {}) {
  return {
    getItem: (/** @type {string} */ name) => kept[name] ?? null,
    setItem: (/** @type {string} */ name, /** @type {string} */ value) => void (kept[name] = value),
    get length() {
      return Object.keys(kept).length;
    },
    key: (/** @type {number} */ at) => Object.keys(kept)[at] ?? null,
    removeItem: (/** @type {string} */ name) => void delete kept[name],
  };
}
