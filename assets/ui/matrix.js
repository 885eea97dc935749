// The confusion matrix by mouse, finger and keyboard. A cell with photos is a button: Tab comes to one of them, the arrow keys
// go to the next in their direction, and the photos of the one that is pressed are shown. Zoom: the buttons, two fingers, Ctrl
// and the wheel, and the keys + - 0; what is pointed at stays where it is.

const STEPS = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
const ZOOMS = { "+": "in", "=": "in", "-": "out", 0: "fit" }; // keys; "=" is "+" without Shift
const STEP = 1.5; // by which a press of a button zooms
const LARGEST = 96; // pixels of a cell
const NAME = 11; // pixels that a name needs

// What changes with the zoom is not inherited: else the browser would look at each of thousands of cells anew.
const LENGTH = { syntax: "<length>", initialValue: "0px" };
if (!getComputedStyle(document.body).getPropertyValue("--cell")) // once for a page
    for (const [name, about] of [["--zoom", { syntax: "<number>", initialValue: "1" }], ["--cell", LENGTH], ["--wide", LENGTH]])
        CSS.registerProperty({ name, inherits: false, ...about });

let zoom = 1; // 1: all of it is seen
let figure = null;
let many = null; // classes
let scrolled = { left: 0, top: 0 }; // the matrix is drawn anew when its order is changed

const part = (name) => figure.querySelector(`.${name}`);
const cells = () => [...part("cells").querySelectorAll("button")];
const place = (button) => button.dataset.at.split(" ").map(Number); // row and column

// --- Cells

function next(button, [down, right]) {
    const [row, column] = place(button);
    const ahead = cells().map((other) => [other, ...place(other)]).filter(([, y, x]) =>
        down ? x === column && (y - row) * down > 0 : y === row && (x - column) * right > 0);
    return (down + right > 0 ? ahead[0] : ahead.at(-1))?.[0]; // they come row by row
}

/** The names of the row and the column of a cell stand out. */
function point(button) {
    for (const name of figure.querySelectorAll(".here")) name.classList.remove("here");
    if (!button) return;
    const [row, column] = place(button);
    part("names").children[row].classList.add("here");
    part("heads").children[column].classList.add("here");
}

element.addEventListener("click", (event) => {
    const way = event.target.closest("button[data-zoom]")?.dataset.zoom;
    if (way) return go(way);
    const button = event.target.closest("button[data-do]");
    if (!button) return;
    for (const other of element.querySelectorAll("[aria-pressed=true]")) other.removeAttribute("aria-pressed");
    button.setAttribute("aria-pressed", "true");
    trigger("click", JSON.parse(button.dataset.do));
});

element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return; // the browser's own
    const button = event.target.closest(".cells button");
    if (ZOOMS[event.key] && event.target.closest(".matrix")) {
        event.preventDefault();
        return go(ZOOMS[event.key], button);
    }
    if (!button || !STEPS[event.key]) return;
    event.preventDefault(); // the page would scroll
    const other = next(button, STEPS[event.key]);
    if (!other) return;
    button.tabIndex = -1;
    other.tabIndex = 0;
    other.focus();
});

for (const looks of ["pointerover", "focusin"])
    element.addEventListener(looks, (event) => {
        if (event.target.closest(".sheet")) point(event.target.closest(".cells button"));
    });

// --- Zoom

/** What is ``held`` (a share of the width and of the height of all cells) comes to lie under ``at`` (in the window). */
function set(to, at, held = under(at)) {
    const smallest = part("cells").clientHeight / Number(figure.style.getPropertyValue("--n")) / zoom;
    zoom = Math.max(1, Math.min(to, LARGEST / smallest));
    enlarge();
    arrange();
    const all = part("cells").getBoundingClientRect();
    part("scroll").scrollBy(all.left + held.x * all.width - at.x, all.top + held.y * all.height - at.y);
    for (const [way, end] of [["out", zoom === 1], ["fit", zoom === 1], ["in", zoom < to]])
        figure.querySelector(`[data-zoom=${way}]`).setAttribute("aria-disabled", end);
}

function enlarge() {
    for (const name of ["cells", "names", "heads"]) part(name).style.setProperty("--zoom", zoom);
}

function under({ x, y }) {
    const all = part("cells").getBoundingClientRect();
    return { x: (x - all.left) / all.width, y: (y - all.top) / all.height };
}

/** A step in or out, or all of it, around the cell that has the focus or the middle of what is seen. */
function go(way, button) {
    const seen = (button ?? part("scroll")).getBoundingClientRect();
    const at = { x: seen.left + seen.width / 2, y: seen.top + seen.height / 2 };
    set({ in: zoom * STEP, out: zoom / STEP, fit: 1 }[way], at);
}

/** As many names as there is room for; and a cell that gets the focus does not hide behind them. */
function arrange() {
    const side = part("cells").clientHeight / Number(figure.style.getPropertyValue("--n"));
    const every = Math.ceil(NAME / side);
    for (const names of [part("names"), part("heads")])
        [...names.children].forEach((name, number) => name.classList.toggle("kept", every > 1 && number % every === every >> 1));
    part("scroll").style.scrollPadding = `${part("heads").offsetHeight}px 0 0 ${part("names").offsetWidth}px`;
}

element.addEventListener("wheel", (event) => {
    if (!(event.ctrlKey || event.metaKey) || !event.target.closest(".sheet")) return;
    event.preventDefault(); // the page would zoom
    const way = event.deltaMode ? 40 * Math.sign(event.deltaY) : Math.max(-40, Math.min(40, event.deltaY)); // a notch; or fingers
    soon((wanted) => wanted * Math.exp(-way / 100), { x: event.clientX, y: event.clientY });
}, { passive: false });

let waiting = null; // the zoom that is wanted when the browser draws next: wheels and fingers tell more than it can draw

function soon(change, at, held) {
    if (!waiting) requestAnimationFrame(() => { const { to, at, held } = waiting; waiting = null; set(to, at, held); });
    waiting = { to: change(waiting?.to ?? zoom), at, held };
}

let pinch = null; // how far two fingers were apart, the zoom, and what was held between them

const middle = ([one, other]) => ({ x: (one.clientX + other.clientX) / 2, y: (one.clientY + other.clientY) / 2 });
const apart = ([one, other]) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);

element.addEventListener("touchstart", (event) => {
    if (event.touches.length !== 2 || !event.target.closest(".sheet")) return;
    event.preventDefault();
    pinch = { apart: apart(event.touches), zoom, held: under(middle(event.touches)) };
}, { passive: false });

element.addEventListener("touchmove", (event) => {
    if (!pinch || event.touches.length !== 2) return;
    event.preventDefault();
    const { zoom: before, apart: wide, held } = pinch;
    const now = apart(event.touches);
    soon(() => before * now / wide, middle(event.touches), held);
}, { passive: false });

for (const end of ["touchend", "touchcancel"]) element.addEventListener(end, () => { pinch = null; });

// --- Drawn anew

const fitted = new ResizeObserver(() => figure?.isConnected && figure.offsetParent && arrange());

element.addEventListener("scroll", ({ target }) => {
    if (target === figure?.querySelector(".scroll")) scrolled = { left: target.scrollLeft, top: target.scrollTop };
}, true);

/** Gradio may put a new matrix in place of the old one, or change the old one into it. */
function drawn() {
    const now = element.querySelector(".matrix.zooms");
    if (!now) return;
    const n = now.style.getPropertyValue("--n");
    if (n !== many) { zoom = 1; scrolled = { left: 0, top: 0 }; }
    if (now !== figure) { fitted.disconnect(); fitted.observe(now); }
    [figure, many] = [now, n];
    const buttons = cells();
    if (buttons.length && !buttons.some((button) => button.tabIndex === 0)) buttons[0].tabIndex = 0;
    const there = scrolled;
    enlarge();
    part("scroll").scrollTo(there);
    set(zoom, { x: 0, y: 0 });
}

const forgotten = () => { // the zoom, of a matrix that was changed in place
    const there = element.querySelector(".matrix.zooms .cells");
    return there && there.style.getPropertyValue("--zoom") !== String(zoom);
};

new MutationObserver((changes) => {
    if (forgotten() || changes.some(({ type }) => type === "childList")) drawn();
}).observe(element, { childList: true, subtree: true, attributeFilter: ["style"] });
drawn();
