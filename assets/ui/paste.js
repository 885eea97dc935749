// A picture that is pasted anywhere in the step "Try it" is dropped on its file box; but text that is copied from a table, with a
// picture of it, is for the field that it is pasted into.
document.addEventListener("paste", (event) => {
  const box = document.querySelector("#try-files input[type=file]");
  if (!box || box.closest("#try-files").offsetParent === null || event.clipboardData.files.length === 0) return;
  if (event.target.closest("input, textarea")) return;
  event.preventDefault();
  const data = new DataTransfer();
  for (const file of event.clipboardData.files) data.items.add(file);
  box.files = data.files;
  box.dispatchEvent(new Event("change", { bubbles: true }));
});
