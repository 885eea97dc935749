// The confusion matrix by mouse and keyboard. A cell with photos is a button: Tab comes to one of them, the arrow keys go to
// the next in their direction, and the photos of the one that is pressed are shown.

const STEPS = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };

function reachable() {
    const buttons = [...element.querySelectorAll("td button")];
    if (buttons.length && !buttons.some((button) => button.tabIndex === 0)) buttons[0].tabIndex = 0;
}

function next(cell, [down, right]) {
    const rows = cell.closest("tbody").rows;
    let row = cell.parentElement.sectionRowIndex, column = cell.cellIndex;
    for (;;) {
        row += down;
        column += right;
        const there = rows[row]?.cells[column];
        if (!there) return null;
        if (there.querySelector("button")) return there.querySelector("button");
    }
}

element.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-do]");
    if (!button) return;
    for (const other of element.querySelectorAll("[aria-pressed=true]")) other.removeAttribute("aria-pressed");
    button.setAttribute("aria-pressed", "true");
    trigger("click", JSON.parse(button.dataset.do));
});

element.addEventListener("keydown", (event) => {
    const cell = event.target.closest("td");
    if (!cell || !STEPS[event.key]) return;
    event.preventDefault(); // the page would scroll
    const button = next(cell, STEPS[event.key]);
    if (!button) return;
    for (const other of element.querySelectorAll("td button[tabindex='0']")) other.tabIndex = -1;
    button.tabIndex = 0;
    button.focus();
});

new MutationObserver(reachable).observe(element, { childList: true, subtree: true });
reachable();
