// The token under glass: the steps of the firmware's `explain`, drawn. Two tokens side by side, so
// that a changed digit shows its avalanche.

import { t, told } from "./texts.js";

const BLOCKS = ["66 bits", "64-bit block", "round", "decrypted"];

const element = (name, className, text) => {
  const made = document.createElement(name);
  made.className = className ?? "";
  made.textContent = text ?? "";
  return made;
};

export class Glass {
  /** ask: (digits) returns what inside/glass.py says of them. */
  constructor(ask) {
    this.ask = ask;
    this.found = [null, null];
    this.forms = [...document.querySelectorAll("form.glass")];
  }

  label() {
    this.forms.forEach((form, at) => {
      const label = element("label", "", t("digits"));
      const input = element("input");
      input.inputMode = "numeric";
      input.autocomplete = "off";
      input.value = this.found[at]?.digits ?? "";
      label.append(input);
      const button = element("button", "", t("look_at_it"));
      form.onsubmit = (event) => {
        event.preventDefault();
        this.look(input.value, at);
      };
      form.replaceChildren(label, button, element("div", "changes"), element("ol", "steps"));
      this.draw(at);
    });
  }

  /** Put `digits` under glass number `at`. */
  async look(digits, at = 0) {
    this.found[at] = await this.ask(digits);
    this.forms[at].querySelector("input").value = this.found[at].digits;
    this.draw(0);
    this.draw(1);
  }

  draw(at) {
    const [found, other] = [this.found[at], at === 1 ? this.found[0] : null];
    if (!found) {
      return;
    }
    const rows = found.steps.map(([step, form, values], place) => {
      const item = element("li", step.startsWith("field ") ? "field" : "");
      item.append(element("b", "", t("glass_step", stepName(step))), " ", element("span", "", told(form, values)));
      const hex = BLOCKS.includes(step) ? values.at(-1).replace(" ", "") : "";
      if (/^[0-9a-f]{16,17}$/.test(hex)) {
        const twin = other && sameStep(other.steps, found.steps, place);
        item.append(bits(hex, twin, step === "66 bits" && isRead(found)));
      }
      if (step === "decrypted" && found.parts.length) {
        item.append(parts(hex, found.parts));
      }
      item.append(" ", element("span", "meaning", meaning(step.replace("field ", ""))));
      return item;
    });
    this.forms[at].querySelector(".steps").replaceChildren(...rows);
    this.digits(at);
  }

  /** Offer a change of each digit of the token under the first glass: the second shows it. */
  digits(at) {
    const row = this.forms[at].querySelector(".changes");
    const { digits } = this.found[at];
    if (at !== 0 || digits.length !== 20) {
      row.replaceChildren();
      return;
    }
    row.replaceChildren(
      element("p", "", t("change_digit")),
      ...[...digits].map((digit, place) => {
        const button = element("button", "digit", digit);
        button.type = "button";
        button.setAttribute("aria-label", t("change_digit_number", place + 1, digit));
        button.onclick = () => {
          const other = (Number(digit) + 1) % 10;
          this.look(digits.slice(0, place) + other + digits.slice(place + 1), 1);
        };
        return button;
      }),
    );
  }
}

const isRead = (found) => found.steps.length > 2;

const stepName = (step) => (step.startsWith("field ") ? step.slice(6) : t(`step.${step}`));

const MEANINGS = [
  "66 bits", "64-bit block", "decrypted", "checksum", "kind", "key expiry", "TID memory",
  "tid", "rnd", "amount_field", "value", "krn", "kt", "ti", "kenho", "kenlo", "sgcho", "sgclo", "ro",
  "kct3", "control", "mfr",
];

const meaning = (name) => (MEANINGS.includes(name) ? t(`meaning.${name}`) : "");

/** Return the block of `steps` that stands where number `place` of `others` does, null for none. */
function sameStep(steps, others, place) {
  const [step, , values] = others[place];
  const twins = steps.filter((each) => each[0] === step);
  const twin = step === "round" ? twins[Number(values[0]) - 1] : twins[0];
  return twin ? twin[2].at(-1).replace(" ", "") : null;
}

const binary = (hex) =>
  [...hex].map((digit, at) => {
    const size = hex.length === 17 && at === 0 ? 2 : 4;
    return parseInt(digit, 16).toString(2).padStart(size, "0");
  }).join("");

/** Draw the bits of `hex`; those that differ from `twin` stand out, and the class bits. */
function bits(hex, twin, withClass) {
  const [mine, theirs] = [binary(hex), twin ? binary(twin) : ""];
  const row = element("span", "bits");
  row.setAttribute("aria-hidden", "true");
  let changed = 0;
  [...mine].forEach((bit, at) => {
    const differs = theirs.length === mine.length && theirs[at] !== bit;
    changed += differs;
    const number = mine.length - 1 - at;
    const isClass = withClass && (number === 28 || number === 27);
    row.append(element("i", (differs ? "differs " : "") + (isClass ? "class" : ""), bit));
  });
  if (!theirs) {
    return row;
  }
  const both = element("span");
  both.append(row, element("span", "count", t("bits_differ", changed)));
  return both;
}

/** Draw the plain block with its fields in colour. */
function parts(hex, layout) {
  const all = binary(hex);
  const row = element("span", "parts");
  let at = 0;
  layout.forEach(([name, size], place) => {
    const part = element("span", `part part-${place % 6}`);
    part.append(element("small", "", name), element("code", "", all.slice(at, at + size)));
    row.append(part);
    at += size;
  });
  return row;
}
