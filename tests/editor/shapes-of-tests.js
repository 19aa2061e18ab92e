/** Outlines that several tests draw. */

/** @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 @returns {import("#editor/geometry.js").Ring} */
export function rectangle(x0, y0, x1, y1) {
  return [
    [x0, y0],
    [x1, y0],
    [x1, y1],
    [x0, y1],
  ];
}

/** @param {number} count @param {number} radius @param {number} [cx] @param {number} [cy] @returns {import("#editor/geometry.js").Ring} */
export function circle(count, radius, cx = 200, cy = 200) {
  return Array.from({ length: count }, (_, index) => {
    const angle = (2 * Math.PI * index) / count;
    return [cx + radius * Math.cos(angle), cy + radius * Math.sin(angle)];
  });
}

/** @param {string} label @param {import("#editor/geometry.js").Ring[]} rings @returns {import("#editor/geometry.js").Region} */
export function region(label, ...rings) {
  return { label, cut: [], parts: [rings] };
}

/** The same numbers from 0 to 1 every time. @param {number} seed @returns {() => number} */
export function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** A star-shaped outline on the grid, somewhere in an image of 400 px. @param {() => number} random @param {number} count @returns {import("#editor/geometry.js").Ring} */
export function wobbly(random, count) {
  const [cx, cy, radius] = [150 + 100 * random(), 150 + 100 * random(), 40 + 60 * random()];
  const round = (/** @type {number} */ value) => Math.round(value * 1000) / 1000;
  return Array.from({ length: count }, (_, index) => {
    const angle = (2 * Math.PI * index) / count;
    const away = radius * (0.7 + 0.6 * random());
    return [round(cx + away * Math.cos(angle)), round(cy + away * Math.sin(angle))];
  });
}
