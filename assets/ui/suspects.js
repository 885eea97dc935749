// Photos that may be in the wrong class, by mouse and keyboard: 1, 2, 3 press the buttons of the photo that has the focus, and the
// next photo gets it at once. The server draws the list anew after each verdict, so the focus is put back.

let focused = null; // the number of the photo that is to have the focus

function focus() {
    const photo = element.querySelector(`[data-photo="${focused}"]`) ?? element.querySelector(`[data-photo="${focused - 1}"]`);
    photo?.focus();
}

element.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-do]");
    if (!button) return;
    const photo = button.closest("[data-photo]");
    if (photo) {
        focused = Number(photo.dataset.photo) + 1;
        focus();
    }
    trigger("click", JSON.parse(button.dataset.do));
});

element.addEventListener("keydown", (event) => {
    const photo = event.target.closest("[data-photo]");
    const button = photo?.querySelectorAll("[data-key]")[Number(event.key) - 1];
    if (!button || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    button.click();
});

new MutationObserver(() => {
    if (focused !== null && document.activeElement === document.body) focus();
}).observe(element, { childList: true, subtree: true });
