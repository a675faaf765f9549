(() => {
"use strict";
const KEYS = ["st", "sev", "c", "svc", "src"];
const form = document.getElementById("filter");
const state = document.getElementById("filter-state");
const chip = document.getElementById("filter-on");
const boxes = [...document.querySelectorAll("[data-box]")];
const maps = [...document.querySelectorAll("[data-map]")];
const around = new Map();
let leaves;
let unfolded = [];

// A part has the marks that stand on it, or on the nearest thing around it.
function words(element, key) {
  const holder = element.closest(`[data-${key}]`);
  return holder ? holder.getAttribute(`data-${key}`).split(" ") : [];
}

function read() {
  leaves = [...document.querySelectorAll("[data-f]")].map((element) => {
    const leaf = { element, box: element.parentElement.closest("[data-box]"), text: null };
    for (const key of KEYS) leaf[key] = words(element, key);
    return leaf;
  });
}

// What heads a box belongs to the text of all that is in it.
function heading(box) {
  if (!box) return "";
  if (!around.has(box)) {
    const own = box.querySelector(":scope > header, :scope > .head, :scope > summary, :scope > .msg");
    around.set(box, (own ? own.textContent : "") + " " + heading(box.parentElement.closest("[data-box]")));
  }
  return around.get(box);
}

function wanted() {
  const found = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value.trim()) found.set(name, value.trim());
  return found;
}

function nameOf(anchor) {
  const option = form.elements.svc && form.elements.svc.querySelector(`option[value="${anchor}"]`);
  return option ? option.textContent : "";
}

// A service's own name in the search is as good as choosing it.
function named(asked) {
  const choice = form.elements.svc;
  const name = (asked.get("q") || "").toLowerCase();
  if (!choice || !name || asked.has("svc")) return;
  const found = [...choice.options].find((one) => one.value && one.textContent.toLowerCase() === name);
  if (found) { asked.delete("q"); asked.set("svc", found.value); }
}

// How much of each part is shown, said where the whole is.
function count(shown, active) {
  const parts = [];
  for (const id of ["failed", "unknown", "manual", "waived"]) {
    const section = document.getElementById(id);
    if (!section) continue;
    const inside = (list) => list.filter((leaf) => section.contains(leaf.element)).length;
    const heading = section.querySelector("h2");
    let note = heading.querySelector(".kept");
    if (!note) { note = document.createElement("span"); note.className = "of kept"; heading.append(" ", note); }
    const what = id === "unknown" ? "steps" : "findings";
    const text = active ? `${inside(shown).toLocaleString("en")} of ${inside(leaves).toLocaleString("en")} ${what}` : "";
    note.textContent = text && `(${text})`;
    if (text) parts.push(`${document.querySelector(`nav a[href="#${id}"]`).firstChild.textContent.trim()}: ${text}`);
  }
  return parts.join("; ");
}

function matches(leaf, asked, terms) {
  for (const key of KEYS) {
    if (!asked.has(key)) continue;
    if (!leaf[key].includes(asked.get(key))) return false;
  }
  if (!terms.length) return true;
  leaf.text ??= `${leaf.element.textContent} ${heading(leaf.box)} ${leaf.svc.map(nameOf).join(" ")}`.toLowerCase();
  return terms.every((term) => leaf.text.includes(term));
}

function apply() {
  const asked = wanted();
  named(asked);
  const active = [...asked].length > 0;
  if (!leaves) { if (active) read(); else return; }
  const terms = (asked.get("q") || "").toLowerCase().split(/\s+/).filter(Boolean);
  const kept = new Set();
  const controls = new Set();
  const services = new Set();
  const shown = [];
  for (const leaf of leaves) {
    const keep = !active || matches(leaf, asked, terms);
    leaf.element.hidden = !keep;
    if (!keep) continue;
    shown.push(leaf);
    // What would decide much is of many controls and services: the map follows what is said of each.
    if (!leaf.element.closest(".steps")) {
      leaf.c.forEach((one) => controls.add(one));
      leaf.svc.forEach((one) => services.add(one));
    }
    for (let box = leaf.box; box && !kept.has(box); box = box.parentElement.closest("[data-box]")) kept.add(box);
  }
  for (const box of boxes) box.hidden = active && !kept.has(box);
  for (const one of maps) {
    const { map } = one.dataset;
    const status = asked.get("st");
    if (map === "control") one.hidden = active && !(asked.has("c") ? asked.get("c") === one.dataset.c : controls.has(one.dataset.c));
    else if (asked.has("svc")) one.hidden = map !== asked.get("svc");
    else one.hidden = active && !(services.has(map) || (status && [...asked].length === 1 && one.dataset.st.split(" ").includes(status)));
  }
  for (const link of document.querySelectorAll("nav a")) {
    const section = document.getElementById(link.hash.slice(1));
    link.parentElement.hidden = Boolean(section && section.hidden);
  }
  for (const one of unfolded) one.open = false;
  unfolded = [];
  const few = (list) => (active && list.length <= 25 ? list : []);
  for (const part of [document, ...document.querySelectorAll("#failed, #manual, #waived")]) {
    for (const leaf of few(shown.filter((one) => part.contains(one.element)))) unfolded.push(...open(leaf.element.parentElement));
  }
  document.body.classList.toggle("filtered", active);
  chip.hidden = !active;
  const says = !active ? "" : shown.length ? `${count(shown, true) || "Shown: what matches"}.` : "Nothing matches.";
  if (!says || says === "Nothing matches.") count([], active);
  if (state.textContent !== says) state.textContent = says;
}

function open(element) {
  const closed = [];
  for (let one = element; one; one = one.parentElement) {
    if (one.tagName === "DETAILS" && !one.open) { one.open = true; closed.push(one); }
  }
  return closed;
}

// The part of an address after "#" names a place and, after "?", what is asked for: #failed?st=fail
function parts() {
  const [place, query = ""] = location.hash.slice(1).split("?");
  return [place, new URLSearchParams(query)];
}

function keep() {
  const [place] = parts();
  const query = wanted().toString();
  const hash = place + (query ? `?${query}` : "");
  try { history.replaceState(null, "", hash ? `#${hash}` : location.href.split("#")[0]); } catch { /* not allowed in some frames */ }
}

function go() {
  const [place, query] = parts();
  const target = place && document.getElementById(place);
  if (location.hash.includes("?")) {
    for (const field of form.elements) if (field.name) field.value = query.get(field.name) || "";
    apply();
  }
  if (target) {
    // A link leads to its place even where the filter had put it away.
    for (let one = target.closest("[hidden]"); one; one = target.closest("[hidden]")) one.hidden = false;
    open(target);
    target.scrollIntoView();
  }
  if (!location.hash.includes("?")) keep();
}

let timer;
form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => { apply(); keep(); }, 150); });
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(() => { apply(); keep(); form.elements.q.focus(); }));
addEventListener("hashchange", go);
form.hidden = false;
document.getElementById("filter-link").hidden = false;
if (location.hash) go();

// Copying, where the browser can.
async function copy(button, text) {
  try { await navigator.clipboard.writeText(text); button.textContent = "Copied"; } catch { button.textContent = "Not copied: select the text"; }
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
}
if (navigator.clipboard) for (const code of document.querySelectorAll(".fix pre > code, .steps .do > code, .blind .do > code")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", () => copy(button, code.textContent.trim()));
  code.parentElement.before(button);
}

// Paper cannot be unfolded: what has to do with findings is printed open.
let opened = [];
addEventListener("beforeprint", () => {
  const folded = document.body.classList.contains("many") ? ".service, .check, .legend, .control, .rest, [open]" : ".service, .check, .legend, [open]";
  opened = [...document.querySelectorAll(`details:not(${folded})`)];
  for (const one of opened) one.open = true;
});
addEventListener("afterprint", () => { for (const one of opened) one.open = false; });
})();
