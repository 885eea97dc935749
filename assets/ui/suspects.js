// Photos that may be in the wrong class, by mouse and keyboard: 1, 2, 3 press the buttons of the photo that has the focus, and the
// next photo gets it. The server draws the list anew after each verdict, so the focus is put back.

let wanted = null; // the number of the photo that is to have the focus

element.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-do]");
    if (!button) return;
    const photo = button.closest("[data-photo]");
    if (photo) wanted = Number(photo.dataset.photo) + 1;
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
    if (wanted === null) return;
    const photo = element.querySelector(`[data-photo="${wanted}"]`) ?? element.querySelector(`[data-photo="${wanted - 1}"]`);
    wanted = null;
    photo?.focus();
}).observe(element, { childList: true, subtree: true });
