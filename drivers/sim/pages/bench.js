// Draws what GET /state says, and tells the far ends what a person does. Nothing is kept here but the drawing.

const EVERY = 500; // milliseconds between two looks
const TITLES = {
  "id-reader": "Identity card reader", "card-reader": "Bank card reader", "pin-pad": "PIN pad",
  "printer": "Receipt printer", "camera": "Camera",
};
const KEYPAD = ["1", "2", "3", "cancel", "4", "5", "6", "clear", "7", "8", "9", "backspace", "0", "enter"];
const KEY_WORDS = { cancel: "Cancel", clear: "Clear", backspace: "Correct", enter: "Enter" };
const FAULT_WORDS = { "": "No fault" };
const HIDDEN = new Set(["fault"]);

const cards = new Map(); // device name -> { root, shape, said, pick, facts }

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

function plain(word) {
  const words = word.replaceAll(/[-_]/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

async function send(path, order) {
  const card = cards.get(order.device);
  try {
    const answer = await fetch(path, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(order),
    });
    const body = await answer.json();
    card.said.textContent = answer.ok ? "" : `${body.error}. ${plain(body.remedy)}.`;
    if (answer.ok) refresh(body);
  } catch {
    card.said.textContent = "The far ends do not answer. Start them again: python -m drivers.sim";
  }
}

function button(device, verb, choice, label) {
  const press = () => send("/act", { device, verb, choice });
  return make("button", { type: "button", "data-verb": verb, "data-choice": choice, text: label, press });
}

function keypad(device, verb) {
  const keys = KEYPAD.filter((key) => verb.choices.includes(key)).map((key) => {
    const node = button(device, verb.name, key, KEY_WORDS[key] ?? key);
    if (KEY_WORDS[key]) node.classList.add("word");
    if (key === "0") node.classList.add("zero");
    return node;
  });
  return make("div", { class: "keypad", role: "group", "aria-label": verb.label }, ...keys);
}

function verbBlock(device, verb) {
  if (verb.name === "key") return keypad(device, verb);
  if (!verb.choices.length) return make("div", { class: "choices" }, button(device, verb.name, "", verb.label));
  const buttons = verb.choices.map((choice) => button(device, verb.name, choice, choice));
  return make("fieldset", {}, make("legend", { text: verb.label }), make("div", { class: "choices" }, ...buttons));
}

function faultBlock(device) {
  const pick = make("select", { id: `fault-${device.name}` });
  for (const fault of ["", ...device.faults]) {
    pick.append(make("option", { value: fault, text: FAULT_WORDS[fault] ?? plain(fault) }));
  }
  pick.addEventListener("change", () => send("/fault", { device: device.name, fault: pick.value }));
  const label = make("label", { for: pick.id, text: "Fault" });
  return [pick, make("div", { class: "fault" }, label, pick)];
}

function draw(device) {
  const old = cards.get(device.name);
  const shape = JSON.stringify([device.verbs, device.faults]);
  if (old?.shape === shape) return old;
  const [pick, fault] = faultBlock(device);
  const said = make("p", { class: "said", role: "alert" });
  const facts = make("dl");
  const title = make("h2", { text: TITLES[device.name] ?? plain(device.name) });
  const verbs = device.verbs.map((verb) => verbBlock(device.name, verb));
  const root = make("article", { class: "card", id: device.name }, title, ...verbs, fault, said, facts);
  if (old) old.root.replaceWith(root);
  else document.getElementById("devices").append(root);
  const card = { root, shape, said, pick, facts, shown: "" };
  cards.set(device.name, card);
  return card;
}

function words(value) {
  if (value === "" || value === null) return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.map(words).join(", ") || "–";
  if (typeof value === "object") return Object.entries(value).map(([name, inner]) => `${name} ${words(inner)}`).join(" · ") || "–";
  return String(value);
}

function refresh(device) {
  const card = draw(device);
  const shown = JSON.stringify([device.state, device.fault]);
  if (card.shown === shown) return;
  card.shown = shown;
  card.root.classList.toggle("faulty", device.fault !== "");
  card.pick.value = device.fault;
  const rows = Object.entries(device.state).filter(([name]) => !HIDDEN.has(name));
  card.facts.replaceChildren(...rows.flatMap(([name, value]) => [
    make("dt", { text: plain(name) }), make("dd", { "data-fact": name, text: words(value) }),
  ]));
  const held = new Set(Object.values(device.state).filter((value) => typeof value === "string" && value));
  for (const node of card.root.querySelectorAll("fieldset button")) {
    node.setAttribute("aria-pressed", String(held.has(node.dataset.choice)));
  }
}

function paper(name) {
  const picture = document.getElementById("receipt-picture");
  if (!name || picture.dataset.name === name) return;
  picture.dataset.name = name;
  picture.src = `/receipts/${name}`;
  picture.alt = `Picture of the printed paper ${name}`;
  document.getElementById("receipt-name").textContent = name;
  document.getElementById("receipt").hidden = false;
  document.getElementById("no-receipt").hidden = true;
}

async function look() {
  const link = document.getElementById("link");
  try {
    const answer = await fetch("/state", { signal: AbortSignal.timeout(5000) });
    const { devices, receipt } = await answer.json();
    devices.forEach(refresh);
    paper(receipt);
    link.textContent = "far ends running";
    link.classList.remove("lost");
  } catch {
    link.textContent = "far ends not running";
    link.classList.add("lost");
  }
  setTimeout(look, EVERY);
}

look();
