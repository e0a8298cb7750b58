// What the page calls things: devices, cards, faults, and what a person standing there would see. No name is needed:
// what is unknown here is shown under the name that the far end gives it.

export const TITLES = {
  "id-reader": "ID card reader", "card-reader": "Bank card slot", "pin-pad": "PIN pad", "printer": "Receipt printer", "camera": "Camera",
  "panel": "Handset, lights and doors", "headset": "In the customer’s ear", "speaker": "Loudspeaker",
};

export const COLUMNS = { "id-reader": 0, "card-reader": 0, "panel": 0, "headset": 0, "speaker": 0, "pin-pad": 1, "camera": 1, "printer": 2 };

// The branch's invented people: `branch seed` gives them accounts, cards and PINs.
export const CHOICES = {
  "li-na": ["李娜", "Li Na"],
  "wang-wei": ["王伟", "Wang Wei"],
  "john": ["约翰", "John Doe, 2023 card"],
  "smith": ["史密斯", "E. Smith, 2017 card"],
  "chan": ["陳大文", "Hong Kong"],
  "expired": ["阿依古丽", "out of date"],
  "li-na-debit": ["Li Na", "debit · PIN 147258"],
  "wang-wei-debit": ["Wang Wei", "debit · PIN 369258"],
  "expired-debit": ["Wang Wei", "savings · card expired"],
  "blocked-debit": ["Li Na", "savings · card blocked"],
  "full": ["Full roll"], "low": ["Nearly out"], "few": ["A few lines"],
  "invoice": ["Invoice", "¥1,280.50"],
  "payment": ["Water bill", "¥120.50"],
  "appointment": ["Appointment", "9:30"],
  "advertisement": ["Advertisement", "nothing for us"],
  "two-codes": ["Two codes", "a bill and a link"],
  "run": ["Run"], "maintenance": ["Maintenance"], "supervisor": ["Supervisor"],
  "mains": ["Mains"], "battery": ["Battery"], "battery-low": ["Battery, nearly empty"],
};

export const PINS = [["147258", "Li Na"], ["369258", "Wang Wei"], ["999999", "Wrong PIN"]];

export const KEYPAD = ["1", "2", "3", "cancel", "4", "5", "6", "clear", "7", "8", "9", "backspace", "0", "enter"];
export const KEYS = { cancel: "Cancel", clear: "Clear", backspace: "Correct", enter: "Enter" };

export const FAULTS = {
  "deaf": "It hears nothing and never answers.",
  "slow": "It answers, but late.",
  "garbled": "Bytes are damaged on the way.",
  "unplugged": "Its cable is out.",
  "power-off": "It is switched off.",
  "jam": "Paper is stuck inside.",
  "paper-out": "The roll has run out.",
  "cover-open": "Its cover stands open.",
  "mute": "The chip in the card does not answer.",
  "sam-broken": "The security module inside is broken.",
  "tampered": "Somebody opened it: its keys are gone.",
  "frozen": "It shows the same picture for ever.",
  "broken": "It says of itself that it is broken.",
  "strange": "Its sensors say words that nobody knows.",
};

export function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

export function plain(word) {
  return sentence(word.replaceAll(/[-_]/g, " ")).slice(0, -1);
}

export function name(choice) {
  return CHOICES[choice]?.[0] ?? choice;
}

export function count(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

const LIGHTS = {
  cardReader: "card light", pinPad: "pad light", receiptPrinter: "paper light", scanner: "scanner light",
  contactless: "contactless light", fasciaLight: "fascia",
};

// [what one sees, how much it matters: "calm" | "wanted" | "bad"]
const SEEN = {
  "id-reader": ({ card }) => card ? [`${name(card)}’s card lies on it`, "wanted"] : ["Nothing lies on it", "calm"],
  "card-reader": ({ inserted }) => inserted ? [`${name(inserted)}’s card is in the slot`, "wanted"] : ["The slot is empty", "calm"],
  "pin-pad": ({ mode, count: pressed, tampered }) => {
    if (tampered) return ["Tampered with", "bad"];
    if (!mode) return ["Closed for now", "calm"];
    return [`${mode === "pin" ? "Asks for the PIN" : "Takes figures"} · ${count(pressed, "digit")}`, "wanted"];
  },
  "printer": ({ in_presenter: slip, jam, cover, paper }) => {
    if (slip) return ["A slip is waiting", "wanted"];
    if (jam) return ["Paper is stuck", "bad"];
    if (cover === "open") return ["The cover is open", "bad"];
    return { ok: ["Ready", "calm"], low: ["Ready, paper nearly out", "calm"], out: ["Out of paper", "bad"] }[paper] ?? [String(paper), "calm"];
  },
  "camera": ({ plugged, shows }) => {
    if (!plugged) return ["Unplugged", "bad"];
    return shows ? [`Sees: ${name(shows).toLowerCase()}`, "wanted"] : ["Sees moving colour bars", "calm"];
  },
  "panel": ({ handset, headset, near, door, key, power, lights }) => {
    const out = [
      handset === "lifted" && "handset lifted", headset && "headset plugged", near && "somebody near", door === "open" && "cabinet open",
      key !== "run" && `key on ${key}`, { "battery": "on battery", "battery-low": "battery nearly empty" }[power],
      ...Object.keys(lights).map((light) => `${LIGHTS[light] ?? light} lit`),
    ].filter(Boolean);
    return out.length ? [sentence(out.join(" · ")).slice(0, -1), "wanted"] : ["Nobody there", "calm"];
  },
};

const heard = ({ says }) => says ? [`“${says}”`, "wanted"] : ["Silent", "calm"];
Object.assign(SEEN, { "headset": heard, "speaker": heard });

export function seen(device) {
  if (device.fault) return [plain(device.fault), "bad"];
  return SEEN[device.name]?.(device.state) ?? ["", "calm"];
}

// Which verb is the next thing to do, when a device waits for a hand.
const NEXT = {
  "id-reader": ({ card }) => card ? "lift" : "",
  "camera": ({ plugged, shows }) => plugged && shows ? "hide" : "",
  "panel": ({ handset, headset, door }) => door === "open" ? "close-door" : handset === "lifted" ? "hang" : headset ? "pull" : "",
  "card-reader": ({ inserted }) => inserted ? "pull" : "",
  "printer": ({ in_presenter: slip, jam, cover }) => slip ? "take" : jam ? "clear-jam" : cover === "open" ? "close-cover" : "",
};

export function next(device) {
  return NEXT[device.name]?.(device.state) ?? "";
}

export function words(value) {
  if (value === "" || value === null) return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.map(words).join(", ") || "–";
  if (typeof value === "object") return Object.entries(value).map(([key, inner]) => `${key} ${words(inner)}`).join(" · ") || "–";
  return String(value);
}
