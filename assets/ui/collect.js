// What the drop zone and the maker share: words, elements, reading what is dropped, and the way of files to the app.

const BATCH_FILES = 100;
const BATCH_BYTES = 16e6; // small enough that progress moves, large enough that a photo's own request costs nothing
const AT_ONCE = 2; // batches on their way; the disk is no faster with more, and Gradio needs connections too
const WAITS = [1000, 3000, 8000]; // milliseconds before a batch is tried again: together, as long as the app takes to start

/** The app says that no file can be taken any more, in words for the person. Trying again by itself would not help. */
export class Told extends Error {}

/** The sentences, which all come from the app, and numbers put into words. */
export class Words {
  constructor(texts) {
    this.texts = texts;
  }

  say(key, values = {}) {
    const fill = (_, name) => (typeof values[name] === "number" ? this.number(values[name]) : values[name]);
    return this.texts[key].replace(/\{(\w+)\}/g, fill);
  }

  count(key, n, values = {}) {
    return this.say(n === 1 ? `${key}.one` : `${key}.many`, { n, ...values });
  }

  number(n, digits = 0) {
    return n.toLocaleString(this.texts.language, { maximumFractionDigits: digits });
  }

  size(bytes) {
    return bytes < 1e9
      ? this.say("megabytes", { n: this.number(bytes / 1e6, bytes < 1e7 ? 1 : 0) })
      : this.say("gigabytes", { n: this.number(bytes / 1e9, 1) });
  }

  time(seconds) {
    return seconds < 60 ? this.say("seconds", { n: Math.ceil(seconds) }) : this.say("minutes", { n: Math.ceil(seconds / 60) });
  }
}

/** An element. Names come from strangers: whatever is no element goes in as text, never as HTML. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (typeof value === "boolean") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

export function button(label, click, kind = "") {
  return make("button", { type: "button", class: kind, click }, label);
}

/** A folded list of files that were left out: ``[{ path, message }]``. */
export function leftOut(words, files) {
  const shown = files.slice(0, 100).map(({ path, message }) => make("li", {}, make("code", {}, path), " ", message));
  if (files.length > shown.length) shown.push(make("li", {}, words.say("more", { n: files.length - shown.length })));
  return make(
    "details",
    { class: "listed left-out" },
    make("summary", {}, words.count("left_out", files.length)),
    make("ul", {}, ...shown),
  );
}

// --- What is dropped or chosen -------------------------------------------------------------------------------------------

/** Whether a file or folder belongs to the operating system and is passed over. ``names`` are in lower case. */
export function isSystem(name, names) {
  return name.startsWith(".") || names.includes(name.toLowerCase());
}

/** Whether a file's name ends in one of these, which are in lower case. */
export function endsIn(name, endings) {
  return endings.some((ending) => name.toLowerCase().endsWith(ending));
}

/** Whether files, and not a piece of text, are being dragged. */
export function hasFiles(event) {
  return event.dataTransfer?.types.includes("Files");
}

/** Open one of the page's folds and bring it into view; its head comes back. */
export function unfold(selector) {
  const fold = document.querySelector(selector);
  const head = fold.querySelector("button");
  if (!head.classList.contains("open")) head.click();
  fold.scrollIntoView({ block: "start", behavior: "smooth" });
  return head;
}

/**
 * All files of what was dropped, in any depth: ``{ items: [{ path, file }], unread: [paths] }``. ``tell`` is given their
 * number as it grows. To be called within the drop event, because the browser forgets the entries after it.
 */
export async function gather(dataTransfer, systemNames, tell) {
  const entries = [...dataTransfer.items].map((item) => item.webkitGetAsEntry()).filter(Boolean);
  const found = { items: [], unread: [] };
  await walk(entries, "");
  return found;

  async function walk(entries, folder) {
    const wanted = entries.filter((entry) => !isSystem(entry.name, systemNames));
    await Promise.all(wanted.filter((entry) => entry.isFile).map((entry) => take(entry, folder + entry.name)));
    tell(found.items.length);
    for (const entry of wanted.filter((entry) => entry.isDirectory)) await enter(entry, `${folder}${entry.name}/`);
  }

  async function take(entry, path) {
    try {
      found.items.push({ path, file: await new Promise((resolve, reject) => entry.file(resolve, reject)) });
    } catch {
      found.unread.push(path);
    }
  }

  async function enter(directory, path) {
    const reader = directory.createReader();
    try {
      for (;;) {
        const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
        if (some.length === 0) return; // only an empty answer is the end: the browser gives 100 at a time
        await walk(some, path);
      }
    } catch {
      found.unread.push(path);
    }
  }
}

/** Note the ``size`` of each item. The browser asks the disk for it each time, so the page would freeze for thousands at once. */
export async function measure(items, tell) {
  for (const [index, item] of items.entries()) {
    item.size = item.file.size;
    if (index % 100 === 99) {
      tell(index + 1);
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
}

// --- The way to the app --------------------------------------------------------------------------------------------------

/** A new place for photos in the app. ``kept``: they will be nowhere else. */
export async function create(name, kept = false) {
  return (await ask("/collect", inJson({ name, kept }))).id;
}

export function look(id) {
  return ask(`/collect/${id}`);
}

export function remove(id, path) {
  return ask(`/collect/${id}/remove`, inJson({ path }));
}

export function thumbnail(id, path) {
  return `/collect/${id}/thumbnail?path=${encodeURIComponent(path)}`;
}

/**
 * Send files ``[{ path, file, size }]`` in batches; one that fails is tried again, and the others go on. ``progress`` is given
 * the items that are done with. Returns ``{ sent, refused: [{ path, message }], lost: [items], unsent: [items], told }``:
 * refused by the app, not readable any more, not sent; ``told`` is the sentence with which the app refused all of them.
 */
export async function sendAll(id, items, signal, progress) {
  const queue = batches(items);
  const result = { sent: 0, refused: [], lost: [], unsent: [], told: "" };
  let failed = 0; // batches in a row
  const worker = async () => {
    for (let batch = queue.shift(); batch; batch = queue.shift()) {
      // When nothing has got through for long, the app is gone: the rest is tried once, and the person is asked.
      const done = result.told || signal.aborted ? { unsent: batch } : await send(id, batch, signal, failed < AT_ONCE ? WAITS : []);
      const { refused = [], lost = [], unsent = [], told = "" } = done;
      failed = unsent.length ? failed + 1 : 0;
      result.refused.push(...refused);
      result.lost.push(...lost);
      result.unsent.push(...unsent);
      result.told ||= told;
      result.sent += batch.length - refused.length - lost.length - unsent.length;
      if (!unsent.length) progress(batch);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return result;
}

/** Send one batch. Sending a file twice does no harm, so that whatever went wrong on the way, all of it is sent again. */
export async function send(id, batch, signal, waits = WAITS) {
  const lost = [];
  let rest = batch;
  for (let attempt = 0; ; attempt += 1) {
    try {
      const { refused } = await ask(`/collect/${id}`, { method: "POST", body: inForm(rest), signal });
      return { refused, lost, unsent: [] };
    } catch (error) {
      if (error instanceof Told) return { lost, unsent: rest, told: error.message };
      if (signal.aborted) return { lost, unsent: rest };
      const gone = await unreadable(rest); // the browser fails all of a batch for one file that was deleted meanwhile
      if (gone.size) {
        lost.push(...gone);
        rest = rest.filter((item) => !gone.has(item));
        attempt -= 1;
        if (!rest.length) return { lost, unsent: [] };
      } else if (attempt >= waits.length) {
        return { lost, unsent: rest };
      } else {
        await pause(waits[attempt], signal);
      }
    }
  }
}

function batches(items) {
  const all = [];
  let bytes = Infinity;
  for (const item of items) {
    bytes += item.size;
    if (bytes > BATCH_BYTES || all.at(-1).length === BATCH_FILES) {
      all.push([]);
      bytes = item.size;
    }
    all.at(-1).push(item);
  }
  return all;
}

function inJson(value) {
  return { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) };
}

function inForm(items) {
  const form = new FormData();
  form.append("paths", JSON.stringify(items.map(({ path }) => path))); // a file goes without its folders otherwise
  for (const { file } of items) form.append("file", file, "photo");
  return form;
}

async function ask(address, options = {}) {
  const response = await fetch(address, options);
  if (response.ok) return response.json();
  if (response.status >= 500 && response.status !== 507) throw new Error(`${address}: ${response.status}`);
  throw new Told(sentence(await response.text()));
}

/** Of an answer that is no success. The guard, which stands before all that speaks JSON, answers in plain words. */
function sentence(answer) {
  try {
    return JSON.parse(answer).message;
  } catch {
    return answer;
  }
}

async function unreadable(items) {
  const read = await Promise.allSettled(items.map(({ file }) => file.slice(0, 1).arrayBuffer()));
  return new Set(items.filter((_, index) => read[index].status === "rejected"));
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", resolve, { once: true });
  });
}
