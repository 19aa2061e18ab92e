/* Rectangles over burned-in names, drawn on a picture of the import. The text field holds them and
   works without this. */

const SVG = "http://www.w3.org/2000/svg";

/* Settings that were changed since the preview are in none of what it shows: import waits for the
   next one. */
function holdBack(form) {
  const settings = () => new URLSearchParams(new FormData(form)).toString();
  const shown = settings();
  const check = () => {
    const changed = settings() !== shown;
    for (const button of document.querySelectorAll("[data-takes]")) button.disabled = changed;
    for (const hint of document.querySelectorAll("[data-changed]")) hint.hidden = !changed;
  };
  form.addEventListener("input", check);
  return check;
}

function rectangles(field) {
  return field.value
    .split(/\s+/)
    .map((text) => text.split(",").map(Number))
    .filter((numbers) => numbers.length === 4 && numbers.every(Number.isFinite));
}

function drawn(svg, className, [x, y, width, height]) {
  const box = document.createElementNS(SVG, "rect");
  for (const [name, value] of Object.entries({ x, y, width, height, class: className })) {
    box.setAttribute(name, value);
  }
  svg.append(box);
  return box;
}

function show(svg, mask, crop) {
  svg.replaceChildren();
  for (const box of rectangles(mask)) drawn(svg, "masked", box);
  for (const box of rectangles(crop)) drawn(svg, "cropped", box);
}

function place(svg, event) {
  const box = svg.getBoundingClientRect();
  const { width, height } = svg.viewBox.baseVal;
  const inside = (value, most) => Math.round(Math.min(Math.max(value, 0), most));
  return [
    inside(((event.clientX - box.left) / box.width) * width, width),
    inside(((event.clientY - box.top) / box.height) * height, height),
  ];
}

function between([x0, y0], [x1, y1]) {
  return [Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0)];
}

function makeDrawable(picture) {
  const svg = picture.querySelector("svg");
  const form = document.getElementById(picture.dataset.form);
  const [mask, crop] = [form.elements.mask, form.elements.crop];
  const keeps = () => picture.querySelector("input[type=radio]:checked")?.value === "crop";
  const check = holdBack(form);
  let start = null;

  const refresh = () => {
    show(svg, mask, crop);
    check();
  };
  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    start = place(svg, event);
    svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener("pointermove", (event) => {
    if (!start) return;
    show(svg, mask, crop);
    drawn(svg, keeps() ? "cropped" : "masked", between(start, place(svg, event)));
  });
  svg.addEventListener("pointerup", (event) => {
    if (!start) return;
    const box = between(start, place(svg, event));
    start = null;
    if (box[2] > 2 && box[3] > 2) {
      const text = box.join(",");
      if (keeps()) crop.value = text;
      else mask.value = `${mask.value.trim()} ${text}`.trim();
    }
    refresh();
  });
  svg.addEventListener("pointercancel", () => {
    start = null;
    refresh();
  });
  picture.querySelector("[data-undo]").addEventListener("click", () => {
    if (keeps()) crop.value = "";
    else mask.value = mask.value.trim().split(/\s+/).slice(0, -1).join(" ");
    refresh();
  });
  for (const field of [mask, crop]) field.addEventListener("input", refresh);
  picture.querySelector(".masking-tools").hidden = false;
  refresh();
}

function makeAllDrawable() {
  for (const picture of document.querySelectorAll("[data-masking]:not([data-ready])")) {
    picture.dataset.ready = "";
    makeDrawable(picture);
  }
}

makeAllDrawable();
document.addEventListener("htmx:afterSettle", makeAllDrawable);
