// What the box of the step "Try it" does not take by itself: a picture that is pasted anywhere in the step, and a folder.

import { gather, unfold } from "./collect.js";

const MOST = 200; // photos to be shown one by one; for more there is "A whole folder of photos"
const SYSTEM = ["thumbs.db", "desktop.ini"];

/** The input of the box, where the step is open and nothing is being uploaded. */
function input() {
  const box = document.querySelector("#try-files input[type=file]");
  return box && box.closest("#try-files").offsetParent !== null ? box : null;
}

function put(files) {
  const box = input();
  if (!box) return;
  const data = new DataTransfer();
  for (const file of files) data.items.add(file);
  box.files = data.files;
  box.dispatchEvent(new Event("change", { bubbles: true }));
}

document.addEventListener("paste", (event) => {
  if (!input() || event.clipboardData.files.length === 0) return;
  // Text that is copied from a table comes with a picture of it, but it is for the field that it is pasted into.
  if (event.target.closest?.("input, textarea")) return;
  event.preventDefault();
  put(event.clipboardData.files);
});

// Before Gradio, which would upload the folder as if it were a file.
document.addEventListener(
  "drop",
  async (event) => {
    if (!event.target.closest?.("#try-files")) return;
    if (![...event.dataTransfer.items].some((item) => item.webkitGetAsEntry()?.isDirectory)) return;
    event.preventDefault();
    event.stopPropagation();
    const { items } = await gather(event.dataTransfer, SYSTEM, () => {});
    if (items.length <= MOST) put(items.map(({ file }) => file));
    else unfold("#many");
  },
  true,
);
