// The zone that takes a folder of photos with all folders in it, and sends every file with the path that tells its class.

import { button, create, endsIn, gather, hasFiles, isSystem, leftOut, make, measure, sendAll, Told, unfold, Words } from "./collect.js";

const FILE_COST = 30e3; // in bytes: what one more file takes besides its content, for an honest guess at the time left

/** ``setup`` comes from bring.py. ``done({ id, name })`` is called when the photos of a folder are in the app. */
export function dropZone(root, setup, done) {
  new DropZone(root, setup, done);
}

class DropZone {
  constructor(root, setup, done) {
    this.words = new Words(setup.texts);
    this.setup = setup;
    this.done = done;
    this.build(root);
    this.listen(root);
  }

  // --- What is seen ---

  build(root) {
    const say = (key) => this.words.say(key);
    this.folder = make("input", { type: "file", webkitdirectory: true, hidden: true, "aria-label": say("choose") });
    this.archive = make("input", { type: "file", accept: this.setup.archives.join(), hidden: true, "aria-label": say("archive") });
    this.zone = make(
      "div",
      { class: "zone" },
      make("span", { class: "folder-picture", "aria-hidden": "true" }),
      make("p", { class: "title" }, say("drop")),
      make("p", {}, say("drop.what")),
      make(
        "div",
        { class: "choices" },
        button(say("choose"), () => this.folder.click(), "strong"),
        button(say("archive"), () => this.archive.click()),
      ),
      make("p", { class: "small" }, say("drop.private")),
      this.folder,
      this.archive,
    );
    this.bar = make("i");
    this.track = make(
      "div",
      { class: "progress", role: "progressbar", "aria-label": say("sending"), "aria-valuemin": "0", "aria-valuemax": "100" },
      this.bar,
    );
    this.title = make("h3");
    this.facts = make("ul", { class: "facts" });
    this.stop = button(say("stop"), () => this.stopper.abort(), "stop");
    this.sending = make("div", { class: "card sending", hidden: true }, this.title, this.track, this.facts, this.stop);
    this.said = make("div", { class: "said" });
    this.live = make("p", { class: "unseen", role: "status", "aria-live": "polite" });
    root.replaceChildren(this.zone, this.sending, this.said, this.live);
  }

  listen(root) {
    this.folder.addEventListener("change", () => this.takeChosen([...this.folder.files]));
    this.archive.addEventListener("change", () => this.forward(this.archive.files[0]));
    // Where there is no one to take it, a browser opens the file that is dropped, and the page is gone.
    // Whatever is dropped beside the zone is for it: the page moves, and a hand is not always exact. But not a picture of the page.
    let own = false;
    document.addEventListener("dragstart", () => (own = true));
    document.addEventListener("dragend", () => (own = false));
    const taken = () => this.zone.offsetParent && !own;
    for (const kind of ["dragenter", "dragover"])
      document.addEventListener(kind, (event) => {
        if (!hasFiles(event) || event.defaultPrevented) return;
        event.preventDefault();
        if (!taken()) event.dataTransfer.dropEffect = "none";
      });
    document.addEventListener("drop", (event) => {
      if (!hasFiles(event) || event.defaultPrevented) return;
      event.preventDefault();
      if (taken()) this.takeDropped(event);
    });
    this.zone.addEventListener("dragover", (event) => this.zone.classList.toggle("over", hasFiles(event)));
    this.zone.addEventListener("dragleave", (event) => {
      if (!this.zone.contains(event.relatedTarget)) this.zone.classList.remove("over");
    });
    window.addEventListener("beforeunload", (event) => this.stopper && root.isConnected && event.preventDefault());
  }

  show(kind, title, sentences = [], ...more) {
    const role = kind === "bad" ? "alert" : "status";
    const lines = sentences.filter(Boolean).map((sentence) => make("p", {}, sentence));
    this.said.replaceChildren(make("div", { class: `message ${kind}`, role }, make("strong", {}, title), ...lines), ...more);
    if (kind === "bad") this.said.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }

  busy(title) {
    this.title.textContent = title;
    this.bar.style.width = "0";
    this.track.removeAttribute("aria-valuenow");
    this.facts.replaceChildren();
    this.stop.hidden = true;
    this.said.replaceChildren();
    this.zone.hidden = true;
    this.sending.hidden = false;
    this.live.textContent = title;
  }

  free() {
    this.zone.hidden = false;
    this.sending.hidden = true;
  }

  // --- What is brought ---

  async takeDropped(event) {
    this.zone.classList.remove("over");
    const gathering = gather(event.dataTransfer, this.setup.system, (n) => this.tell(n));
    this.busy(this.words.say("looking"));
    const { items, unread } = await gathering;
    await this.take(items, unread.map((path) => ({ path, message: this.words.say("unread") })));
  }

  async takeChosen(files) {
    const items = files.map((file) => ({ path: file.webkitRelativePath, file }));
    this.folder.value = ""; // so that the same folder can be chosen again
    this.busy(this.words.say("looking"));
    await this.take(items.filter(({ path }) => !path.split("/").some((name) => isSystem(name, this.setup.system))), []);
  }

  tell(n) {
    this.title.textContent = this.words.say("looking.found", { n });
  }

  async take(items, left) {
    await measure(items, (n) => this.tell(n));
    this.free();
    const loose = items.filter(({ path }) => !path.includes("/"));
    const archives = loose.filter(({ path }) => endsIn(path, this.setup.archives));
    const inFolders = items.filter(({ path }) => path.includes("/"));
    if (archives.length === 1 && items.length === 1) return this.forward(archives[0].file);
    if (archives.length) return this.refuse("archive.alone");
    if (loose.length && !inFolders.length) return this.refuseLoose(loose);
    if (!inFolders.length && !left.length) return this.refuse("empty");
    if (inFolders.length > this.setup.maxFiles) return this.refuse("too_many", { n: inFolders.length, most: this.setup.maxFiles });
    const fits = ({ size }) => size <= this.setup.maxFileBytes;
    left.push(...loose.map(({ path }) => ({ path, message: this.words.say("outside") })));
    left.push(...inFolders.filter((item) => !fits(item)).map(({ path }) => ({ path, message: this.words.say("large") })));
    const fitting = inFolders.filter(fits);
    return fitting.length ? this.begin(fitting, left) : this.finish({ sent: 0, left });
  }

  refuse(key, values = {}) {
    this.show("bad", this.words.say("stopped.title"), [this.words.say(key, values)]);
  }

  /** Files without a folder: photos among them have a place further down on the page, where the person says what they show. */
  refuseLoose(files) {
    const photos = files.filter(({ path }) => endsIn(path, this.setup.photos));
    const sentence = (key, some) => this.words.count(key, some.length, { name: some[0].path });
    if (!photos.length) return this.show("bad", this.words.say("no_photo"), [sentence("no_photo", files)]);
    const sort = button(this.words.say("sort"), openMaker, "strong");
    this.show("bad", this.words.say("stopped.title"), [sentence("loose", photos)], make("div", { class: "choices" }, sort));
  }

  /** An archive goes the way that Gradio has for it. */
  forward(file) {
    const input = document.querySelector("#data-zip input[type=file]");
    this.archive.value = "";
    if (!file) return;
    if (!input) return this.refuse("archive.busy");
    const data = new DataTransfer();
    data.items.add(file);
    this.said.replaceChildren();
    input.files = data.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  // --- The way to the app ---

  async begin(items, left) {
    const name = title(items);
    this.busy(this.words.say("sending.what", { name }));
    try {
      const id = await create(name);
      await this.send({ id, name, all: items, left, sent: 0 }, items);
    } catch (error) {
      this.free();
      const again = button(this.words.say("again"), () => this.begin(items, left), "strong");
      const reason = error instanceof Told ? error.message : this.words.say("unreachable");
      this.show("bad", this.words.say("stopped.title"), [reason], make("div", { class: "choices" }, again));
    }
  }

  async send(bringing, items) {
    this.busy(this.words.say("sending.what", { name: bringing.name }));
    this.stopper = new AbortController();
    this.stop.hidden = false;
    this.stop.focus();
    const { signal } = this.stopper;
    const result = await sendAll(bringing.id, items, signal, this.meter(bringing.all, items));
    this.stopper = null;
    this.free();
    bringing.sent += result.sent;
    bringing.left.push(...result.refused);
    bringing.left.push(...result.lost.map(({ path }) => ({ path, message: this.words.say("unread") })));
    if (result.unsent.length) this.question(bringing, result.unsent, signal.aborted, result.told);
    else this.finish(bringing);
  }

  /** What shows the progress: of all that is brought, of which some may have been sent before. */
  meter(all, items) {
    const begun = performance.now();
    const cost = (some) => some.reduce((sum, { size }) => sum + size + FILE_COST, 0);
    const bytesOf = (some) => some.reduce((sum, { size }) => sum + size, 0);
    const [total, toDo, bytes] = [cost(all), cost(items), bytesOf(all)];
    let left = toDo;
    let files = all.length - items.length;
    let come = bytes - bytesOf(items);
    let quarters = 0;
    const draw = () => {
      const share = 1 - left / total;
      const passed = (performance.now() - begun) / 1000;
      const facts = [
        this.words.say("files_of", { n: files, all: all.length }),
        this.words.say("of", { n: this.words.size(come), all: this.words.size(bytes) }),
      ];
      if (passed > 1 && left < toDo) facts.push(this.words.say("left", { time: this.words.time((passed * left) / (toDo - left)) }));
      this.bar.style.width = `${100 * share}%`;
      this.track.setAttribute("aria-valuenow", Math.round(100 * share));
      this.facts.replaceChildren(...facts.map((fact) => make("li", {}, fact)));
      if (Math.floor(4 * share) > quarters) {
        quarters = Math.floor(4 * share);
        this.live.textContent = facts[0]; // said now and then only, or a screen reader would never be silent
      }
    };
    draw();
    return (done) => {
      left -= cost(done);
      files += done.length;
      come += bytesOf(done);
      draw();
    };
  }

  question(bringing, unsent, stopped, told) {
    const numbers = { n: unsent.length, all: bringing.all.length };
    const again = button(this.words.say(stopped ? "go_on" : "again"), () => this.send(bringing, unsent), "strong");
    const without = button(this.words.say("without"), () => this.finish(bringing));
    const choices = make("div", { class: "choices" }, again, ...(bringing.sent ? [without] : []));
    const why = stopped ? "" : told || this.words.say("unreachable");
    const more = bringing.left.length ? [leftOut(this.words, bringing.left)] : [];
    this.show(stopped ? "info" : "bad", this.words.say(stopped ? "stopped" : "failed", numbers), [why], choices, ...more);
    again.focus();
  }

  finish({ id, name, sent, left }) {
    const more = left.length ? [leftOut(this.words, left)] : [];
    if (!sent) return this.show("bad", this.words.say("stopped.title"), [this.words.say("none")], ...more);
    this.show("good", this.words.count("here", sent, { name }), [], ...more);
    this.done({ id, name });
  }
}

/** The fold that the maker lies in. */
function openMaker() {
  unfold("#data-make").focus({ preventScroll: true });
}

/** What the person will know the photos by: the folder, or the first of several. */
function title(items) {
  const names = [...new Set(items.map(({ path }) => path.split("/")[0]))];
  return names.slice(0, 3).join(", ") + (names.length > 3 ? " …" : "");
}
