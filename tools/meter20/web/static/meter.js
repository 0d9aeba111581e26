// The meter: its keypad, and what its frame shows.

import { click, sound } from "./sound.js";
import { t, sentence, write } from "./texts.js";

const KEYS = "123A456B789C*0#D";
// Keys of the keyboard that are not the meter's own.
const KEYBOARD = { Enter: "#", Backspace: "*", Escape: "C" };
const NAMES = {
  "*": "key_back", B: "key_back", "#": "key_enter", D: "key_enter", C: "key_clear", A: "key_next",
};
const BLINK_MS = 80;
const DARK_MS = 1500; // so long a cut of the power lasts, for the eyes
const TYPING_MS = 60; // between two keys of a token that types itself

const find = (id) => document.getElementById(id);

/** The meter on the page. press: (key) sends one key. */
export class Meter {
  constructor(press) {
    Object.assign(this, { press, isDark: false, coming: null }); // coming: what types itself
    this.buttons = new Map();
    for (const key of KEYS) {
      const button = document.createElement("button");
      button.textContent = key;
      button.onclick = () => this.push(key);
      find("keypad").append(button);
      this.buttons.set(key, button);
    }
    document.addEventListener("keydown", (event) => this.typed(event));
  }

  /** Name the keys that are no digits, in the language of the page. */
  label() {
    for (const [key, name] of Object.entries(NAMES)) {
      this.buttons.get(key).setAttribute("aria-label", `${key} ${t(name)}`);
      this.buttons.get(key).title = t(name);
    }
  }

  typed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const key = KEYBOARD[event.key] ?? event.key.toUpperCase();
    // Enter presses the control that has the focus; elsewhere it is the meter's.
    const isOurs = !event.target.closest("input, select, textarea");
    const isControl = event.target.closest("button, a");
    if (isOurs && KEYS.includes(key) && key.length === 1 && !(isControl && event.key === "Enter")) {
      event.preventDefault();
      if (isControl) {
        this.focus(); // or Enter after the twentieth digit would press that control again
      }
      this.push(key);
    }
  }

  /** Let the meter be seen and have the focus; what is typed on the keyboard goes to it, Enter too. */
  focus() {
    this.reveal();
    find("lcd").focus({ preventScroll: true });
  }

  /** Bring the meter before the eyes, on a low screen its display. */
  reveal() {
    for (const id of ["case", "lcd"]) {
      find(id).scrollIntoView({ block: "nearest" });
    }
  }

  /** Press a key, as somebody does: what types itself stops. */
  push(key) {
    this.stop();
    this.hit(key);
  }

  stop() {
    clearTimeout(this.typing);
    this.coming = null;
  }

  /** Be without power for a moment: dark and deaf. cut: what happens at its end. */
  async darken(cut) {
    this.stop();
    this.isDark = true;
    this.reveal();
    find("case").classList.add("dark");
    for (const each of [find("lcd"), find("meaning").firstElementChild, find("wait")]) {
      write(each, "");
    }
    write(find("relay").lastElementChild, t("dark"));
    try {
      await new Promise((go) => setTimeout(go, DARK_MS));
      await cut();
    } finally {
      find("case").classList.remove("dark");
      this.isDark = false;
    }
  }

  hit(key) {
    if (this.isDark) {
      return;
    }
    const button = this.buttons.get(key);
    button.classList.add("down");
    setTimeout(() => button.classList.remove("down"), BLINK_MS * 2);
    this.press(key);
  }

  /** Type the digits of a token, key by key; what is being typed goes on. */
  type(digits) {
    this.focus();
    if (digits === this.coming) {
      return;
    }
    this.stop();
    this.coming = digits;
    const keys = ["C", ...digits.replaceAll(" ", "")];
    const next = () => {
      this.hit(keys.shift());
      if (keys.length) {
        this.typing = setTimeout(next, TYPING_MS);
      } else {
        this.coming = null;
      }
    };
    next();
  }

  show(frame) {
    if (this.isDark) {
      return;
    }
    const text = frame.lines.map((line) => line.padEnd(20)).join("\n");
    if (find("lcd").textContent !== text) {
      write(find("lcd"), text);
      clearTimeout(this.saying);
      // A reader hears what stays, not each digit of a credit that falls.
      const said = frame.lines.slice(0, 3).filter(Boolean).join(", ");
      this.saying = setTimeout(() => write(find("said"), said), 700);
    }
    write(find("meaning").firstElementChild, meaning(frame));
    write(find("wait"), frame.wait_s ? t("wait", frame.wait_s) : "");
    if (this.moves !== undefined && frame.moves !== this.moves) {
      click();
    }
    this.moves = frame.moves;
    find("relay").classList.toggle("on", frame.closed);
    write(find("relay").lastElementChild, t(frame.closed ? "closed" : "open"));
    this.blink("pulse", this.pulses !== undefined && frame.pulses !== this.pulses);
    this.pulses = frame.pulses;
    const isHeard = frame.hz > 0 || (this.tones !== undefined && frame.tones !== this.tones);
    this.tones = frame.tones;
    this.blink("buzzer", isHeard);
    sound(isHeard ? frame.tone_hz : 0);
  }

  blink(id, on) {
    if (on) {
      find(id).classList.add("on");
      setTimeout(() => find(id).classList.remove("on"), BLINK_MS);
    }
  }
}

/** Return what is said below the display, in the language of the page. */
function meaning(frame) {
  if (!frame.meaning) {
    return frame.notice ? t(`notice.${frame.notice}`) : "";
  }
  const said = sentence(frame.meaning, []);
  return `${said[0].toUpperCase()}${said.slice(1)}.`;
}
