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
