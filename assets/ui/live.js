// What the model says of what the camera sees, as it changes. One picture is on its way at a time, so that nobody else waits;
// the camera is let go as soon as it is not seen any more.

import { draw, fitting, reason, toJpeg } from "./camera.js";
import { button, make, Words } from "./collect.js";

const ADDRESS = "/api/predict"; // ui/served/endpoint.py
const WIDEST = 640; // pixels; the networks look at fewer
const EVERY = 250; // milliseconds between two pictures at least; a slow computer takes longer
const SHOWN = 5; // classes

/** ``setup`` comes from live.py. ``asked()`` holds the folder of the run that is chosen, and where the slider stands. */
export function live(root, setup, asked) {
  new Live(root, setup, asked);
}

class Live {
  constructor(root, setup, asked) {
    this.words = new Words(setup.texts);
    this.asked = asked;
    this.ask = button(this.words.say("ask"), () => (this.panel.hidden ? this.open() : this.close()));
    this.video = make("video", { playsInline: true, muted: true, "aria-label": this.words.say("sees") });
    this.name = make("h4", { role: "status", "aria-live": "polite" });
    this.bars = make("ol", { class: "bars" });
    this.answer = make("article", { class: "card answer" }, make("div", {}, this.name, this.bars));
    this.trouble = make("p", { class: "trouble", role: "alert" });
    const hint = make("p", { class: "small" }, this.words.say("hint"));
    this.panel = make("div", { class: "camera", hidden: true }, this.video, make("div", {}, this.answer, hint));
    root.replaceChildren(make("div", { class: "choices" }, this.ask), this.trouble, this.panel);
    new ResizeObserver(() => this.panel.hidden || this.panel.offsetParent || this.close()).observe(this.panel);
    document.addEventListener("visibilitychange", () => document.hidden && this.close());
  }

  async open() {
    this.trouble.textContent = this.asked().model ? "" : this.words.say("no_model");
    if (!this.asked().model) return;
    this.panel.hidden = false;
    this.ask.textContent = this.words.say("close");
    this.say(this.words.say("begins"), []);
    const stream = await this.film();
    if (!stream) return;
    if (this.panel.hidden || this.stream) return stream.getTracks().forEach((track) => track.stop()); // closed meanwhile
    this.stream = stream;
    this.video.srcObject = stream;
    // It fails only when it is closed at once.
    this.video.play().then(() => this.look(stream), () => {});
  }

  /** The camera's pictures; or nothing, and the reason is said. */
  async film() {
    try {
      return await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: WIDEST } } });
    } catch (error) {
      if (!this.panel.hidden) this.close(this.words.say(reason(error)));
    }
  }

  close(trouble = "") {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.video.srcObject = null;
    this.panel.hidden = true;
    this.ask.textContent = this.words.say("ask");
    this.trouble.textContent = trouble;
  }

  /** Ask about one picture after the other, until the camera is closed. */
  async look(stream) {
    while (this.stream === stream) {
      const began = performance.now();
      const photo = await toJpeg(draw(this.video, ...fitting(this.video, WIDEST)), 0.9);
      const { trouble, label, scores } = await answered(photo, this.asked(), this.words);
      if (this.stream !== stream) return;
      if (trouble) return this.close(trouble);
      const best = Object.entries(scores).sort((one, other) => other[1] - one[1]).slice(0, SHOWN);
      this.answer.classList.toggle("stranger", label === null);
      this.say(label ?? this.words.say("nothing"), best);
      await new Promise((resolve) => setTimeout(resolve, EVERY - (performance.now() - began)));
    }
  }

  /** Names come from strangers: they are only ever set as text. */
  say(name, shares) {
    if (this.name.textContent !== name) this.name.textContent = name; // else a screen reader says it again and again
    this.bars.replaceChildren(...shares.map(([name, share]) => this.bar(name, share)));
  }

  bar(name, share) {
    const inside = make("i", { style: `width:${(100 * share).toFixed(1)}%` });
    const label = make("span", { class: "name", title: name }, name);
    return make("li", {}, label, make("span", { class: "bar" }, inside), make("b", {}, this.words.say("percent", { n: whole(share) })));
  }
}

/** Whole per cents; nearly all is not all, and nearly nothing is not nothing. */
function whole(share) {
  const n = Math.round(100 * share);
  return n === 100 && share < 1 ? ">99" : n === 0 && share > 0 ? "<1" : n;
}

/** What the app says of a photo, or the ``trouble`` that kept it from saying anything. */
async function answered(photo, { model, readiness }, words) {
  const form = new FormData();
  form.append("photo", photo, "camera.jpg");
  form.append("model", model);
  form.append("readiness", readiness);
  try {
    const reply = await fetch(ADDRESS, { method: "POST", body: form });
    const said = await reply.json();
    return reply.ok ? said : { trouble: said.error };
  } catch {
    return { trouble: words.say("unreachable") };
  }
}
