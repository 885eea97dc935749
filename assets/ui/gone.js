// The app was closed: nothing on the page works any more, and only the page can say so. When the app is back, the page is
// loaded again, for the new one knows nothing of this one.

const EVERY = 4000, AGAIN = 1000; // milliseconds
const said = element.querySelector(".gone");
let missed = 0;

async function ask() {
    try {
        await fetch(said.dataset.ask, { cache: "no-store" });
        if (missed > 1) location.reload();
        missed = 0;
    } catch {
        missed += 1;
    }
    said.hidden = missed < 2;
    document.body.classList.toggle("without-app", missed > 1);
    setTimeout(ask, missed ? AGAIN : EVERY);
}

setTimeout(ask, EVERY);
