/* Small comforts for pages that work without them. */

function closeOtherMenus(event) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
}

function closeMenuOnEscape(event) {
  const menu = event.target.closest?.("details.menu[open]");
  if (event.key !== "Escape" || !menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
}

function isTyping(target) {
  return target.closest("input, select, textarea, button, a, summary, [contenteditable]") !== null;
}

/* <a data-key="Enter"> is followed when that key is pressed anywhere on the page. */
function followKey(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event.target)) return;
  const link = document.querySelector(`a[data-key="${CSS.escape(event.key)}"]`);
  if (!link) return;
  event.preventDefault();
  link.click();
}

/* <form data-autosubmit> sends itself when a choice changes; its button stays for the rest. */
function submitOnChange(event) {
  const form = event.target.closest?.("form[data-autosubmit]");
  if (form && event.target.matches("select, input[type=checkbox], input[type=radio]")) {
    form.requestSubmit();
  }
}

/* <button data-confirm="Question?"> asks before its form is sent. */
function askFirst(event) {
  const question = event.submitter?.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
}

function peekBox() {
  const existing = document.querySelector(".peek");
  if (existing) return existing;
  const box = document.createElement("div");
  box.className = "peek";
  box.hidden = true;
  document.body.append(box);
  return box;
}

/* <a data-picture="URL" data-says="TEXT"> in a plot shows its scan beside the pointer. */
function peek(event) {
  const point = event.target.closest?.("a[data-picture]");
  if (!point) return;
  const box = peekBox();
  const picture = document.createElement("img");
  picture.src = point.dataset.picture;
  picture.alt = "";
  const words = document.createElement("div");
  words.textContent = point.dataset.says ?? "";
  box.replaceChildren(picture, words);
  const place = point.getBoundingClientRect();
  const left = Math.min(place.right + 8, window.innerWidth - 204);
  const top = Math.min(place.top, window.innerHeight - 236);
  box.style.left = `${Math.max(4, left)}px`;
  box.style.top = `${Math.max(4, top)}px`;
  box.hidden = false;
}

function unpeek(event) {
  if (event.target.closest?.("a[data-picture]")) peekBox().hidden = true;
}

document.addEventListener("click", closeOtherMenus);
document.addEventListener("keydown", closeMenuOnEscape);
document.addEventListener("keydown", followKey);
document.addEventListener("change", submitOnChange);
document.addEventListener("submit", askFirst);
for (const name of ["pointerover", "focusin"]) document.addEventListener(name, peek);
for (const name of ["pointerout", "focusout"]) document.addEventListener(name, unpeek);

/* The PNG of a plot is drawn here from its SVG download, at twice the size. */
async function downloadPng(event) {
  const button = event.target.closest?.("button[data-png]");
  if (!button) return;
  const answer = await fetch(button.dataset.png);
  const source = URL.createObjectURL(new Blob([await answer.text()], { type: "image/svg+xml" }));
  const picture = new Image();
  picture.src = source;
  await picture.decode();
  const canvas = document.createElement("canvas");
  canvas.width = picture.naturalWidth * 2;
  canvas.height = picture.naturalHeight * 2;
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(source);
  canvas.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${new URL(button.dataset.png, location.href).searchParams.get("figure")}.png`;
    link.click();
    URL.revokeObjectURL(link.href);
  });
}

function showPngButtons(root) {
  for (const button of root.querySelectorAll("button[data-png]")) button.hidden = false;
}

document.addEventListener("click", downloadPng);
document.addEventListener("htmx:load", (event) => showPngButtons(event.target));
showPngButtons(document);
