// A data set from nothing: a class gets its photos from the camera or from files, and each photo goes to the app at once.

import { draw, fitting, reason, toJpeg } from "./camera.js";
import { button, create, gather, hasFiles, look, make, isSystem, remove, send, thumbnail, Told, Words } from "./collect.js";

const REMEMBERED = "bring.maker"; // in the browser: the id of the collection that was being made
const WIDEST = 1280; // pixels of a photo from the camera; networks look at far fewer
const THUMBNAIL = 144; // pixels of the square
const HOLD_AFTER = 500; // milliseconds; a slow click is still one photo
const HOLD_EVERY = 250;
const WARM_UP = 500; // milliseconds; the first pictures of a camera are dark
const AT_ONCE = 2; // photos on their way
const TO_THE_END = new AbortController().signal; // nobody stops a single photo

/** ``setup`` comes from bring.py. ``done({ id, name })`` is called when the person wants to use the photos. */
export function maker(root, setup, done) {
  new Maker(root, setup, done).recall();
}

class Maker {
  constructor(root, setup, done) {
    this.words = new Words(setup.texts);
    this.setup = setup;
    this.done = done;
    this.classes = [];
    this.waiting = []; // photos
    this.moving = 0; // photos on their way
    this.build(root);
    this.camera = new Camera(this);
    this.refresh();
  }

  build(root) {
    const say = (key) => this.words.say(key);
    this.field = make("input", { type: "text", maxlength: "60", placeholder: say("maker.class.hint"), autocomplete: "off" });
    const form = make(
      "form",
      { class: "add-class", submit: (event) => this.addTyped(event) },
      make("label", {}, make("span", {}, say("maker.class")), this.field),
      make("button", { type: "submit" }, say("maker.class.add")),
    );
    this.trouble = make("p", { class: "trouble", role: "alert" });
    this.list = make("ul", { class: "classes-made" });
    this.use = button(say("maker.use"), () => this.hand(), "strong use");
    this.fresh = button(say("maker.fresh"), () => this.startAnew());
    this.hint = make("p", { class: "small" });
    this.live = make("p", { class: "unseen", role: "status", "aria-live": "polite" });
    const last = make("div", { class: "choices" }, this.use, this.fresh);
    root.replaceChildren(form, this.trouble, this.list, this.hint, last, this.live);
  }

  // --- The collection ---

  /** Show what was made before the page was loaded again. */
  async recall() {
    const id = localStorage.getItem(REMEMBERED);
    if (!id) return;
    const shown = look(id);
    this.place = shown.then(({ name }) => ({ id, name })); // at once: a photo that is quicker than the answer goes there too
    this.place.catch(() => {}); // it is the same failure as below
    try {
      for (const { name, files } of (await shown).folders) this.named(name).recall(id, files);
    } catch (error) {
      this.place = null;
      if (error instanceof Told) localStorage.removeItem(REMEMBERED); // it is gone; without an answer, it may come back
    }
    this.refresh();
  }

  /** Where the photos go: made with the first of them. */
  collection() {
    this.place ??= this.begin().catch((error) => {
      this.place = null; // the next photo tries again
      throw error;
    });
    return this.place;
  }

  async begin() {
    const name = this.words.say("maker.name", { date: new Date().toLocaleDateString(this.setup.texts.language) });
    const id = await create(name, true);
    localStorage.setItem(REMEMBERED, id);
    return { id, name };
  }

  async hand() {
    this.camera.close();
    this.done(await this.collection());
  }

  startAnew() {
    if (this.classes.some(({ photos }) => photos.length) && !confirm(this.words.say("maker.fresh.sure"))) return;
    this.camera.close();
    localStorage.removeItem(REMEMBERED);
    this.place = null;
    for (const card of this.classes) card.photos.forEach((photo) => card.forget(photo));
    this.classes = [];
    this.list.replaceChildren();
    this.refresh();
    this.field.focus();
  }

  // --- Classes ---

  addTyped(event) {
    event.preventDefault();
    const name = folderName(this.field.value);
    const known = this.classes.some((one) => one.name.toLowerCase() === name.toLowerCase());
    const wrong = !name || isSystem(name, this.setup.system) ? "maker.class.bad" : known ? "maker.class.known" : "";
    this.trouble.textContent = wrong && this.words.say(wrong, { name });
    if (!wrong) {
      this.addClass(name);
      this.field.value = "";
      this.refresh();
    }
    this.field.focus();
  }

  named(name) {
    return this.classes.find((one) => one.name === name) ?? this.addClass(name);
  }

  addClass(name) {
    const card = new ClassCard(this, name);
    this.classes.push(card);
    this.list.append(card.element);
    return card;
  }

  dropClass(card) {
    if (this.camera.card === card) this.camera.close();
    this.classes = this.classes.filter((one) => one !== card);
    card.element.remove();
    this.refresh();
    this.field.focus();
  }

  refresh() {
    for (const card of this.classes) card.refresh();
    const filled = this.classes.filter((card) => card.photos.some((photo) => photo.saved)).length;
    const busy = this.moving + this.waiting.length > 0;
    this.use.disabled = filled < 2 || busy;
    this.fresh.hidden = this.classes.length === 0;
    this.fresh.disabled = busy;
    this.hint.textContent = filled < 2 ? this.words.say("maker.needs") : "";
  }

  // --- The way to the app ---

  /** Have a photo saved after those that wait already. */
  bring(photo) {
    photo.problem = "";
    photo.arrived = new Promise((resolve) => this.waiting.push({ photo, resolve }));
    this.move();
    return photo.arrived;
  }

  async move() {
    if (this.moving === AT_ONCE || !this.waiting.length) return;
    const { photo, resolve } = this.waiting.shift();
    this.moving += 1;
    photo.problem = await this.save(photo);
    photo.saved = !photo.problem;
    this.moving -= 1;
    resolve();
    this.refresh();
    this.move();
  }

  /** The sentence that says why it could not be saved, or none. */
  async save(photo) {
    try {
      const { id } = await this.collection();
      const { refused, lost, unsent, told } = await send(id, [photo], TO_THE_END);
      if (refused?.length) return refused[0].message;
      if (lost.length) return this.words.say("unread");
      return unsent.length ? told || this.words.say("unreachable") : "";
    } catch (error) {
      return error instanceof Told ? error.message : this.words.say("unreachable");
    }
  }
}

/** One class: its name, its photos, and the two ways to get more. */
class ClassCard {
  constructor(maker, name) {
    this.maker = maker;
    this.words = maker.words;
    this.name = name;
    this.photos = []; // the newest first, as they are shown: { path, file, saved, problem, arrived, element }
    this.names = new Set(); // of files, in lower case: some computers do not tell them apart otherwise
    this.build();
  }

  build() {
    const say = (key) => this.words.say(key, { name: this.name });
    this.files = make("input", { type: "file", multiple: true, accept: "image/*", hidden: true, "aria-label": say("maker.add") });
    this.files.addEventListener("change", () => this.addChosen());
    this.count = make("span", { class: "count" });
    this.film = button(say("maker.camera"), () => this.maker.camera.toggle(this));
    const add = button(say("maker.add"), () => this.files.click());
    this.away = button("×", () => this.leave(), "away");
    this.film.setAttribute("aria-label", say("maker.camera.label"));
    add.setAttribute("aria-label", say("maker.add.label"));
    this.away.setAttribute("aria-label", say("maker.class.remove"));
    this.strip = make("ul", { class: "strip", "aria-label": say("maker.photos") });
    this.trouble = make("p", { class: "trouble" });
    this.again = button(say("again"), () => this.tryAgain());
    this.note = make("div", { class: "note", role: "alert", hidden: true }, this.trouble, this.again);
    const head = make("div", { class: "head" }, make("h4", {}, this.name), this.count, this.film, add, this.away, this.files);
    this.element = make("li", { class: "card class-card" }, head, this.strip, this.note);
    this.element.addEventListener("dragover", (event) => {
      event.preventDefault(); // else nothing can be dropped
      this.element.classList.toggle("over", hasFiles(event));
    });
    this.element.addEventListener("dragleave", (event) => {
      if (!this.element.contains(event.relatedTarget)) this.element.classList.remove("over");
    });
    this.element.addEventListener("drop", (event) => this.addDropped(event));
  }

  refresh() {
    const failed = this.photos.filter((photo) => photo.problem);
    const usable = this.photos.filter((photo) => !photo.problem && !photo.unreadable);
    this.count.textContent = this.words.count("files", usable.length);
    this.note.hidden = !failed.length;
    if (failed.length) this.trouble.textContent = `${this.words.count("maker.failed", failed.length)} ${failed[0].problem}`;
    for (const photo of this.photos) photo.element.classList.toggle("failed", Boolean(photo.problem));
  }

  recall(id, names) {
    for (const name of names.reverse()) {
      const photo = this.put(name, null);
      photo.saved = true;
      this.picture(photo, thumbnail(id, photo.path));
    }
  }

  addChosen() {
    const files = [...this.files.files];
    this.files.value = "";
    files.forEach((file) => this.add(file));
    this.maker.refresh();
  }

  async addDropped(event) {
    event.preventDefault();
    this.element.classList.remove("over");
    if (!hasFiles(event)) return;
    const { items } = await gather(event.dataTransfer, this.maker.setup.system, () => {});
    items.forEach(({ file }) => this.add(file)); // also from a folder: the person has said which class they are
    this.maker.refresh();
  }

  /** A file that the person has; its picture comes from the app, which reads more kinds of photos than a browser does. */
  async add(file) {
    if (isSystem(file.name, this.maker.setup.system)) return;
    await this.bring(this.put(this.free(file.name.normalize("NFC")), file));
  }

  async bring(photo) {
    await this.maker.bring(photo);
    if (!photo.saved || photo.element.querySelector("img, span")) return; // one from the camera was shown at once
    this.picture(photo, thumbnail((await this.maker.collection()).id, photo.path));
  }

  /** A photo from the camera. */
  snap(file, small, moment) {
    let number = 1;
    const name = () => `camera-${moment}-${String(number).padStart(3, "0")}.jpg`;
    while (this.names.has(name().toLowerCase())) number += 1; // two presses in one second belong together
    const photo = this.put(name(), file);
    this.picture(photo, URL.createObjectURL(small));
    this.bring(photo);
    this.maker.refresh();
  }

  put(name, file) {
    const photo = { name, path: `${this.name}/${name}`, file, saved: false, problem: "" };
    const away = button("×", () => this.takeOut(photo));
    away.setAttribute("aria-label", this.words.say("maker.remove", { name }));
    photo.element = make("li", { title: name }, away);
    this.photos.unshift(photo);
    this.names.add(name.toLowerCase());
    this.strip.prepend(photo.element);
    return photo;
  }

  picture(photo, address) {
    const image = make("img", { src: address, alt: photo.name, loading: "lazy", decoding: "async" });
    image.addEventListener("error", () => {
      photo.unreadable = true;
      photo.element.classList.add("unreadable");
      image.replaceWith(make("span", {}, this.words.say("maker.no_photo")));
      this.maker.refresh();
    });
    photo.element.prepend(image);
  }

  /** The class goes, and its photos with it: from the app's folder, into which they were copied. */
  async leave() {
    if (this.photos.length && !confirm(this.words.say("maker.class.remove.sure", { name: this.name }))) return;
    if (this.maker.camera.card === this) this.maker.camera.close();
    for (const photo of [...this.photos]) await this.takeOut(photo);
    if (!this.photos.length) this.maker.dropClass(this); // else one could not be removed, which is said
  }

  async takeOut(photo) {
    const next = photo.element.nextElementSibling ?? photo.element.previousElementSibling;
    (next?.querySelector("button") ?? this.film).focus();
    photo.element.remove();
    this.photos = this.photos.filter((one) => one !== photo);
    this.maker.refresh();
    await photo.arrived; // it may still be on its way
    if (photo.saved && !(await this.removed(photo))) return;
    this.names.delete(photo.name.toLowerCase());
    this.forget(photo);
  }

  /** The browser keeps the picture of a photo from the camera until it is told not to. */
  forget(photo) {
    URL.revokeObjectURL(photo.element.querySelector("img")?.src);
  }

  /** Removed from the disk, as is told; if that fails, it is shown again, because it would be trained on. */
  async removed(photo) {
    try {
      await remove((await this.maker.collection()).id, photo.path);
      return true;
    } catch (error) {
      photo.problem = error instanceof Told ? error.message : this.words.say("unreachable");
      this.photos.unshift(photo);
      this.strip.prepend(photo.element);
      this.maker.refresh();
      return false;
    }
  }

  tryAgain() {
    for (const photo of this.photos.filter((photo) => photo.problem)) this.bring(photo);
    this.maker.refresh();
  }

  /** A name that no file of this class has: "a.jpg", "a (2).jpg" … */
  free(name) {
    const [, stem, ending] = name.match(/^(.*?)(\.[^.]*)?$/s);
    let candidate = name;
    for (let n = 2; this.names.has(candidate.toLowerCase()); n += 1) candidate = `${stem} (${n})${ending ?? ""}`;
    return candidate;
  }
}

/** The live picture, in the card of one class at a time. It lets go of the camera as soon as it is not seen any more. */
class Camera {
  constructor(maker) {
    this.maker = maker;
    this.words = maker.words;
    this.packing = 0; // photos that were taken and are not in the card yet
    this.build();
    new ResizeObserver(() => this.stream && !this.panel.offsetParent && this.close()).observe(this.panel);
    document.addEventListener("visibilitychange", () => document.hidden && this.close());
  }

  build() {
    this.video = make("video", { playsInline: true, muted: true, "aria-label": this.words.say("maker.live") });
    this.shutter = make("button", { type: "button", class: "strong shutter" }, this.words.say("maker.shutter"));
    this.trouble = make("p", { class: "trouble", role: "alert" });
    const close = button(this.words.say("maker.close"), () => this.close());
    const choices = make("div", { class: "choices" }, this.shutter, close);
    this.panel = make("div", { class: "camera" }, this.trouble, this.video, make("div", {}, choices, this.hint()));
    this.listen();
  }

  hint() {
    return make("p", { class: "small" }, this.words.say("maker.shutter.hint"));
  }

  toggle(card) {
    const same = this.card === card;
    this.close();
    if (!same) this.open(card);
  }

  async open(card) {
    this.card = card;
    card.element.classList.add("filmed");
    card.film.setAttribute("aria-expanded", "true");
    this.trouble.textContent = "";
    this.shutter.disabled = true;
    card.strip.before(this.panel);
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: WIDEST } } });
      if (this.card !== card || this.stream || !this.panel.offsetParent) return stream.getTracks().forEach((track) => track.stop()); // closed meanwhile
      this.stream = stream;
      this.video.srcObject = stream;
      // Not by itself: a browser lets what is below the edge of the window wait. It fails only when it is closed at once.
      this.video.play().then(() => setTimeout(() => this.ready(stream), WARM_UP), () => {});
    } catch (error) {
      this.trouble.textContent = this.words.say(`maker.camera.${reason(error)}`);
    }
    this.panel.classList.toggle("dark-room", !this.stream);
  }

  ready(stream) {
    if (this.stream !== stream) return; // closed meanwhile
    this.shutter.disabled = false;
    this.panel.scrollIntoView({ block: "nearest" });
    this.shutter.focus({ preventScroll: true });
  }

  close() {
    this.release();
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.video.srcObject = null;
    this.panel.remove();
    this.card?.element.classList.remove("filmed");
    this.card?.film.removeAttribute("aria-expanded");
    this.card = null;
  }

  // --- One photo for a click, several a second while it is held: with mouse, finger or key ---

  listen() {
    const keys = [" ", "Enter"];
    this.shutter.addEventListener("pointerdown", (event) => event.button === 0 && this.press());
    for (const kind of ["pointerup", "pointercancel", "pointerleave", "blur"]) this.shutter.addEventListener(kind, () => this.release());
    this.shutter.addEventListener("keydown", (event) => {
      if (!keys.includes(event.key)) return;
      event.preventDefault(); // else it would be a click as well
      if (!event.repeat) this.press();
    });
    this.shutter.addEventListener("keyup", (event) => {
      if (keys.includes(event.key)) event.preventDefault();
      this.release();
    });
    this.shutter.addEventListener("click", (event) => {
      if (event.detail > 0) return; // of the pointer that has pressed already; others are of a screen reader or of speech
      this.press();
      this.release();
    });
    this.shutter.addEventListener("contextmenu", (event) => event.preventDefault()); // of a long touch
  }

  press() {
    if (this.pressed || this.shutter.disabled) return;
    this.pressed = true;
    this.moment = stamp(new Date());
    this.shutter.classList.add("pressed");
    this.take();
    const more = () => this.packing || this.take(); // while it is held, a slow computer takes fewer
    this.timer = setTimeout(() => (this.timer = setInterval(more, HOLD_EVERY)), HOLD_AFTER);
  }

  release() {
    if (!this.pressed) return;
    this.pressed = false;
    clearTimeout(this.timer); // the same numbers are given to timeouts and intervals
    this.shutter.classList.remove("pressed");
    const n = this.card.photos.length;
    this.maker.live.textContent = `${this.card.name}: ${this.words.count("files", n)}`;
  }

  async take() {
    const { card, moment } = this;
    const whole = draw(this.video, ...fitting(this.video, WIDEST)); // the picture of this moment; packing it takes a while
    this.packing += 1;
    const [file, picture] = await Promise.all([toJpeg(whole, 0.92), toJpeg(thumbnailOf(whole), 0.8)]);
    this.packing -= 1;
    card.snap(file, picture, moment);
  }
}

/** A name that can be a folder's. */
function folderName(text) {
  return text
    .normalize("NFC")
    .replace(/[\\/\p{Cc}]/gu, " ")
    .replace(/^([A-Za-z]):/, "$1 ") // a drive, to Windows
    .replace(/\s+/g, " ")
    .replace(/^[. ]+|[. ]+$/g, "");
}

/** "20261124T153012", by the person's clock. */
function stamp(date) {
  const two = (n) => String(n).padStart(2, "0");
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}

function thumbnailOf(canvas) {
  const side = Math.min(canvas.width, canvas.height);
  return draw(canvas, THUMBNAIL, THUMBNAIL, (canvas.width - side) / 2, (canvas.height - side) / 2, side, side);
}
