/**
 * How far the picture has moved from one frame to another, by phase correlation: the phases of
 * the two spectra differ by the shift alone. The box round the outline is scaled to SIZE x SIZE
 * and faded out at its edges. Kuglin and Hines 1975; the place between samples by a parabola
 * through the peak and its neighbours. In a worker this module answers messages; it imports
 * nothing, because a worker knows no import map.
 *
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/echo-intensity.js").Grey} Grey
 * @typedef {{x: number, y: number, width: number, height: number}} Box px
 */
const SIZE = 128;
/** The part of a window over which frames may move; more is another picture. */
const FARTHEST = 0.25;
/** Fine detail is speckle that changes from frame to frame: frequencies count less from here. Cycles a window */
const FINE = 16;
/** A true peak stands this many times above the spread of the correlations; noise stays below 6.5. */
const CLEAR = 8;

/** The shift of the picture in a box, px; null where none is clear. @param {Grey} from @param {Grey} to @param {Box} box @returns {Point | null} */
export function shiftBetween(from, to, box) {
  if (from.width !== to.width || from.height !== to.height) return null;
  if (!(box.width > 8 && box.height > 8)) return null;
  const peak = correlationPeak(spectrum(from, box), spectrum(to, box));
  return peak && [(peak[0] * box.width) / SIZE, (peak[1] * box.height) / SIZE];
}

/** @typedef {{re: Float64Array, im: Float64Array}} Spectrum */

/** @param {Grey} picture @param {Box} box @returns {Spectrum} */
function spectrum(picture, box) {
  const re = new Float64Array(SIZE * SIZE);
  for (let row = 0; row < SIZE; row += 1) {
    const y = box.y + ((row + 0.5) * box.height) / SIZE;
    for (let column = 0; column < SIZE; column += 1) {
      re[row * SIZE + column] = greyAt(picture, box.x + ((column + 0.5) * box.width) / SIZE, y);
    }
  }
  fade(re);
  const im = new Float64Array(SIZE * SIZE);
  transform2d(re, im);
  return { re, im };
}

/** Between pixels in proportion; beyond the edge as at the edge. @param {Grey} picture @param {number} x @param {number} y */
function greyAt({ values, width, height }, x, y) {
  const left = Math.min(Math.max(x - 0.5, 0), width - 1);
  const top = Math.min(Math.max(y - 0.5, 0), height - 1);
  const [column, row] = [Math.floor(left), Math.floor(top)];
  const [right, below] = [Math.min(column + 1, width - 1), Math.min(row + 1, height - 1)];
  const [fx, fy] = [left - column, top - row];
  const upper = values[row * width + column] * (1 - fx) + values[row * width + right] * fx;
  const lower = values[below * width + column] * (1 - fx) + values[below * width + right] * fx;
  return upper * (1 - fy) + lower * fy;
}

/** Without its mean, and by Hann's window to nothing at the edges. @param {Float64Array} values */
function fade(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const weights = Array.from({ length: SIZE }, (_, i) => Math.sin((Math.PI * (i + 0.5)) / SIZE) ** 2);
  values.forEach((value, index) => {
    values[index] = (value - mean) * weights[index % SIZE] * weights[Math.floor(index / SIZE)];
  });
}

/** The weight of each frequency along one axis. */
const COARSE = Array.from({ length: SIZE }, (_, index) =>
  Math.exp(-0.5 * (signed(index) / FINE) ** 2),
);

/** @param {Spectrum} from @param {Spectrum} to @returns {Point | null} samples */
function correlationPeak(from, to) {
  const re = new Float64Array(SIZE * SIZE);
  const im = new Float64Array(SIZE * SIZE);
  for (let index = 0; index < re.length; index += 1) {
    const a = to.re[index] * from.re[index] + to.im[index] * from.im[index];
    const b = to.re[index] * from.im[index] - to.im[index] * from.re[index];
    const size = Math.hypot(a, b);
    const weight = size > 1e-9 ? COARSE[index % SIZE] * COARSE[Math.floor(index / SIZE)] / size : 0;
    [re[index], im[index]] = [a * weight, b * weight];
  }
  transform2d(re, im);
  return clearPeak(re);
}

/** @param {Float64Array} values correlations by shift, negative shifts at the far end @returns {Point | null} */
function clearPeak(values) {
  let best = 0;
  let squares = 0;
  values.forEach((value, index) => {
    squares += value * value;
    if (value > values[best]) best = index;
  });
  const [column, row] = [best % SIZE, Math.floor(best / SIZE)];
  const at = (/** @type {number} */ c, /** @type {number} */ r) =>
    values[((r + SIZE) % SIZE) * SIZE + ((c + SIZE) % SIZE)];
  const x = signed(column) + parabola(at(column - 1, row), values[best], at(column + 1, row));
  const y = signed(row) + parabola(at(column, row - 1), values[best], at(column, row + 1));
  const isClear = values[best] > CLEAR * Math.sqrt(squares / values.length);
  return isClear && Math.hypot(x, y) <= FARTHEST * SIZE ? [x, y] : null;
}

/** @param {number} index */
function signed(index) {
  return index > SIZE / 2 ? index - SIZE : index;
}

/** Where the top of a parabola through three values lies, from the middle one. @param {number} before @param {number} peak @param {number} after */
function parabola(before, peak, after) {
  const bend = before - 2 * peak + after;
  return bend < 0 ? (0.5 * (before - after)) / bend : 0;
}

/** @param {Float64Array} re @param {Float64Array} im rows, then columns, in place */
function transform2d(re, im) {
  for (let row = 0; row < SIZE; row += 1) transform(re, im, row * SIZE, 1);
  for (let column = 0; column < SIZE; column += 1) transform(re, im, column, SIZE);
}

/** Cooley and Tukey's fast Fourier transform of SIZE values, in place. @param {Float64Array} re @param {Float64Array} im @param {number} offset @param {number} stride */
function transform(re, im, offset, stride) {
  for (let i = 1, j = 0; i < SIZE; i += 1) {
    let bit = SIZE >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) swap(re, im, offset + i * stride, offset + j * stride);
  }
  for (let span = 2; span <= SIZE; span *= 2) {
    for (let k = 0; k < span / 2; k += 1) {
      const [cos, sin] = [Math.cos((-2 * Math.PI * k) / span), Math.sin((-2 * Math.PI * k) / span)];
      for (let i = k; i < SIZE; i += span) {
        butterfly(re, im, offset + i * stride, offset + (i + span / 2) * stride, cos, sin);
      }
    }
  }
}

/** @param {Float64Array} re @param {Float64Array} im @param {number} a @param {number} b */
function swap(re, im, a, b) {
  [re[a], re[b]] = [re[b], re[a]];
  [im[a], im[b]] = [im[b], im[a]];
}

/** @param {Float64Array} re @param {Float64Array} im @param {number} a @param {number} b @param {number} cos @param {number} sin */
function butterfly(re, im, a, b, cos, sin) {
  const x = re[b] * cos - im[b] * sin;
  const y = re[b] * sin + im[b] * cos;
  re[b] = re[a] - x;
  im[b] = im[a] - y;
  re[a] += x;
  im[a] += y;
}

/** @param {Blob} file of a grey picture @returns {Promise<Grey>} */
async function greyIn(file) {
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none" });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("this browser draws no canvas");
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const values = new Uint8ClampedArray(width * height);
  for (let index = 0; index < values.length; index += 1) values[index] = data[4 * index];
  return { values, width, height };
}

/** @param {{addEventListener: Function}} worker */
function serve(worker) {
  worker.addEventListener("message", async (/** @type {MessageEvent} */ { data, ports }) => {
    const pictures = Promise.all([greyIn(data.from), greyIn(data.to)]);
    const shift = await pictures.then(([from, to]) => shiftBetween(from, to, data.box)).catch(() => null);
    ports[0].postMessage(shift);
  });
}

if ("importScripts" in globalThis) serve(/** @type {any} */ (globalThis));
