// The picture of a network by mouse and keyboard. A block is a button: Tab comes to one of them, the arrow keys go to the one
// before and the next, Enter opens what was measured of it. Other buttons choose by what the blocks are coloured.

const blocks = () => [...element.querySelectorAll("g.block")];

function open(block) {
    for (const other of blocks()) {
        other.setAttribute("aria-pressed", String(other === block));
        other.setAttribute("tabindex", other === block ? "0" : "-1");
    }
    block.focus();
    trigger("click", JSON.parse(block.dataset.do));
}

element.addEventListener("click", (event) => {
    const block = event.target.closest("g.block");
    if (block) open(block);
    const button = event.target.closest("button[data-measure]");
    if (!button) return;
    button.closest("figure").dataset.shows = button.dataset.measure;
    for (const other of element.querySelectorAll("button[data-measure]"))
        other.setAttribute("aria-pressed", String(other === button));
});

element.addEventListener("keydown", (event) => {
    const here = event.target.closest("g.block");
    if (!here) return;
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); open(here); }
    const way = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!way) return;
    event.preventDefault(); // the page would scroll
    const next = blocks()[blocks().indexOf(here) + way];
    if (!next) return;
    here.setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
});
