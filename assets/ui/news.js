// The page's title says how far a training has come, and how it ended, until somebody looks. Who wants to be called is called
// by a sound and a notification.

const base = document.querySelector("header.app h1").textContent;
let watched = false; // a training that goes on, or whose end nobody has seen yet

function look() {
    const now = element.querySelector("[data-state]")?.dataset;
    if (now?.state === "running") {
        watched = true;
        document.title = `${now.share} · ${base}`;
    } else if (now && watched) {
        watched = false;
        document.title = `${now.said} · ${base}`;
        if (localStorage.getItem("tell") === "yes") call(now.said, now.name);
    } else if (!now) {
        document.title = base;
    }
}

function seen() {
    if (!watched && document.visibilityState === "visible") document.title = base;
}

function call(said, name) {
    ring();
    if ("Notification" in window && Notification.permission === "granted") new Notification(said, { body: name });
}

// Two notes, a fifth apart: 0.7 seconds.
function ring() {
    const sound = new AudioContext();
    for (const [start, hertz] of [[0, 660], [0.18, 990]]) {
        const tone = sound.createOscillator(), volume = sound.createGain();
        tone.frequency.value = hertz;
        volume.gain.setValueAtTime(0.15, sound.currentTime + start);
        volume.gain.exponentialRampToValueAtTime(0.001, sound.currentTime + start + 0.5);
        tone.connect(volume).connect(sound.destination);
        tone.start(sound.currentTime + start);
        tone.stop(sound.currentTime + start + 0.5);
    }
    setTimeout(() => sound.close(), 1000);
}

new MutationObserver(look).observe(element, { childList: true, subtree: true, attributes: true });
for (const sign of ["pointerdown", "keydown", "visibilitychange"]) document.addEventListener(sign, seen);
document.addEventListener("ring", ring);
look();
