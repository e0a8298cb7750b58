// Draws what GET /state says, and tells the far ends what a person does. Nothing is kept here but the drawing.

import { CHOICES, COLUMNS, FAULTS, KEYPAD, KEYS, PINS, TITLES, next, plain, seen, sentence, words } from "/words.js";

const EVERY = 400; // milliseconds between two looks
const MOST_DIGITS = 32;
const HELD = ["lay", "insert", "show", "turn-key", "power"].map((verb) => `.tile[data-verb=${verb}]`).join();

const cards = new Map(); // device name -> { root, shape, shown, said, pick, why, mend, seen, facts }

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") node.textContent = value;
    else if (name === "press") node.addEventListener("click", value);
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

async function send(path, order) {
  const card = cards.get(order.device);
  try {
    const answer = await fetch(path, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(order),
    });
    const body = await answer.json();
    card.said.textContent = answer.ok ? "" : `${sentence(body.error)} ${sentence(body.remedy)}`;
    if (answer.ok) refresh(body);
  } catch {
    card.said.textContent = "The devices do not answer: the demo has ended, or its far ends have.";
  }
}

const act = (device, verb, choice) => send("/act", { device, verb, choice });

function button(device, verb, choice, ...label) {
  const press = () => act(device, verb, choice);
  return make("button", { type: "button", "data-verb": verb, "data-choice": choice, press }, ...label);
}

function tile(device, verb, choice) {
  const [title, line] = CHOICES[choice] ?? [choice];
  const lines = [make("strong", { text: title }), ...(line ? [make("span", { text: line })] : [])];
  const node = button(device, verb, choice, ...lines);
  node.classList.add("tile");
  return node;
}

// --- the PIN pad: keys one by one, or a whole number at once

function keypad(device, verb) {
  const keys = KEYPAD.filter((key) => verb.choices.includes(key)).map((key) => {
    const node = button(device, verb.name, key, KEYS[key] ?? key);
    if (KEYS[key]) node.classList.add("word");
    if (key === "0") node.classList.add("zero");
    return node;
  });
  const pad = make("div", { class: "keypad", role: "group", "aria-label": verb.label }, ...keys);
  pad.addEventListener("keydown", (event) => {
    const key = event.key === "Backspace" ? "backspace" : event.key;
    if (!verb.choices.includes(key) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    pad.querySelector(`[data-choice="${key}"]`).focus();
    act(device, verb.name, key);
  });
  return pad;
}

function typing(device, verb) {
  const helpers = PINS.map(([digits, whose]) =>
    button(device, verb.name, digits, make("strong", { text: whose }), make("span", { text: `${digits} Enter` })));
  for (const helper of helpers) helper.classList.add("tile");
  const field = make("input", {
    "aria-label": "Digits to type", inputmode: "numeric", pattern: "[0-9]+", maxlength: MOST_DIGITS, required: "",
    autocomplete: "off", placeholder: "other digits",
  });
  const form = make("form", { class: "typing" }, field, make("button", { type: "submit", text: "Type, Enter" }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(device, verb.name, field.value);
    field.value = "";
  });
  return make("fieldset", {}, make("legend", { text: verb.label }), make("div", { class: "choices" }, ...helpers), form);
}

// --- one card

function verbBlock(device, verb) {
  if (verb.name === "key") return keypad(device, verb);
  if (verb.name === "type") return typing(device, verb);
  const tiles = verb.choices.map((choice) => tile(device, verb.name, choice));
  return make("fieldset", {}, make("legend", { text: verb.label }), make("div", { class: "choices" }, ...tiles));
}

function bare(device, verbs) {
  const buttons = verbs.map((verb) => button(device, verb.name, "", verb.label));
  return buttons.length ? [make("div", { class: "choices acts" }, ...buttons)] : [];
}

function faultBlock(device) {
  const pick = make("select", { id: `fault-${device.name}` });
  for (const fault of ["", ...device.faults]) {
    pick.append(make("option", { value: fault, text: fault ? plain(fault) : "None" }));
  }
  const change = (fault) => send("/fault", { device: device.name, fault });
  pick.addEventListener("change", () => change(pick.value));
  const why = make("p", { class: "why", id: `why-${device.name}` });
  pick.setAttribute("aria-describedby", why.id);
  const mend = make("button", { type: "button", class: "next", text: "Mend", press: () => { pick.focus(); change(""); } });
  const facts = make("dl");
  const details = make("details", {}, make("summary", { text: "Details" }), facts);
  const row = make("div", { class: "fault" }, make("label", { for: pick.id, text: "Fault" }), pick, mend, details, why);
  return { pick, why, mend, facts, row };
}

function build(device) {
  const fault = faultBlock(device);
  const state = make("p", { class: "seen", role: "status" });
  const said = make("p", { class: "said", role: "alert" });
  const title = make("h2", { text: TITLES[device.name] ?? plain(device.name) });
  const chosen = device.verbs.filter((verb) => verb.choices.length).map((verb) => verbBlock(device.name, verb));
  const simple = bare(device.name, device.verbs.filter((verb) => !verb.choices.length));
  const paper = [document.getElementById("paper").content.cloneNode(true)];
  const hands = device.name === "printer" ? [...paper, ...simple, ...chosen] : [...chosen, ...simple];
  const root = make("article", { class: "card", id: device.name, "aria-label": title.textContent },
    make("header", {}, title, state), ...hands, said, fault.row);
  return { root, said, seen: state, shown: "", ...fault };
}

function draw(device) {
  const old = cards.get(device.name);
  const shape = JSON.stringify([device.verbs, device.faults]);
  if (old?.shape === shape) return old;
  const card = { ...build(device), shape };
  if (old) old.root.replaceWith(card.root);
  else document.getElementById("devices").children[COLUMNS[device.name] ?? 2].append(card.root);
  cards.set(device.name, card);
  return card;
}

function refresh(device) {
  const card = draw(device);
  const shown = JSON.stringify([device.state, device.fault]);
  if (card.shown === shown) return;
  card.shown = shown;
  const [what, tone] = seen(device);
  card.seen.textContent = what;
  card.root.dataset.tone = tone;
  card.pick.value = device.fault;
  card.why.textContent = device.fault ? FAULTS[device.fault] ?? sentence(device.fault) : "";
  card.mend.hidden = !device.fault;
  card.facts.replaceChildren(...Object.entries(device.state).filter(([name]) => name !== "said").flatMap(([name, value]) => [
    make("dt", { text: plain(name) }), make("dd", { "data-fact": name, text: words(value) }),
  ]));
  const held = new Set(Object.values(device.state).filter((value) => typeof value === "string" && value));
  for (const node of card.root.querySelectorAll(HELD)) {
    node.setAttribute("aria-pressed", String(held.has(node.dataset.choice)));
  }
  for (const node of card.root.querySelectorAll(".acts button")) {
    node.classList.toggle("next", node.dataset.verb === next(device));
  }
}

// --- the paper and the connection

function paper(name) {
  const picture = document.getElementById("receipt-picture");
  if (!picture || !name || picture.dataset.name === name) return;
  picture.dataset.name = name;
  picture.src = `/receipts/${name}`;
  picture.alt = `The printed paper ${name}`;
  const link = document.getElementById("receipt");
  link.href = picture.src;
  link.title = "See it whole";
  link.hidden = false;
  document.getElementById("receipt-name").textContent = `Last receipt, ${name}`;
  document.getElementById("no-receipt").hidden = true;
}

async function look() {
  const link = document.getElementById("link");
  try {
    const answer = await fetch("/state", { signal: AbortSignal.timeout(5000) });
    const { devices, receipt } = await answer.json();
    devices.forEach(refresh);
    paper(receipt);
    link.textContent = "devices running";
    link.classList.remove("lost");
  } catch {
    link.textContent = "devices not running";
    link.classList.add("lost");
  }
  setTimeout(look, EVERY);
}

look();
