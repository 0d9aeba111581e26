// The token under glass: the steps of the firmware's `explain`, drawn. Two tokens side by side, so
// that a changed digit shows its avalanche.

import { t, sentence } from "./texts.js";

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
    this.changed = null; // the digits of the first token, some of them changed: under the second glass
    this.forms = [...document.querySelectorAll("form.glass")];
  }

  label() {
    this.forms.forEach((form, at) => {
      const label = element("label", "", at === 0 ? t("first_glass") : t("second_glass"));
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

  /** Put `digits` under glass number `at`; another token under the first one clears the second. */
  async look(digits, at = 0, changed = null) {
    this.found[at] = await this.ask(digits);
    this.changed = changed;
    if (at === 0) {
      this.found[1] = null;
    }
    this.forms.forEach((form, each) => {
      form.querySelector("input").value = this.found[each]?.digits ?? "";
      this.draw(each);
    });
  }

  /** Add 1 to the digit at `place` of the first token, and to what was changed in it before. */
  async change(place) {
    const digits = this.changed ?? this.found[0].digits;
    const digit = (Number(digits[place]) + 1) % 10;
    const changed = digits.slice(0, place) + digit + digits.slice(place + 1);
    await this.look(changed, 1, changed);
    this.forms[0].querySelectorAll(".digit")[place].focus();
  }

  draw(at) {
    const [found, other] = [this.found[at], at === 1 ? this.found[0] : null];
    if (!found) {
      this.forms[at].querySelector(".steps").replaceChildren();
      return;
    }
    const rows = found.steps.map(([step, form, values], place) => {
      const item = element("li", step.startsWith("field ") ? `field ${step.slice(6)}` : "");
      item.append(element("b", "", t("glass_step", stepName(step))), " ", element("span", "", sentence(form, values)));
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
    const isOpen = this.forms[at].querySelector("details")?.open ?? false;
    this.forms[at].querySelector(".steps").replaceChildren(...folded(rows, found.steps, isOpen));
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
      ...[...(this.changed ?? digits)].map((digit, place) => {
        const button = element("button", digit === digits[place] ? "digit" : "digit differs", digit);
        button.type = "button";
        button.setAttribute("aria-label", t("change_digit_number", place + 1, digit));
        button.onclick = () => this.change(place);
        return button;
      }),
      this.verdict(),
    );
  }

  /** Return what the meter says of the changed token, beside the digits. */
  verdict() {
    const [first, second] = this.found;
    const said = element("p", "verdict");
    said.setAttribute("role", "status");
    if (second && this.changed) {
      const [mine, theirs] = [first, second].map((found) => valuesOf(found, "decrypted")?.at(-1));
      const differ = mine && theirs && [...binary(mine)].filter((bit, at) => bit !== binary(theirs)[at]);
      const [result] = valuesOf(second, "decision");
      said.append(
        t("verdict", result),
        differ ? ` ${t("verdict_bits", differ.length)}` : "",
      );
    }
    return said;
  }
}

/** Fold the rounds of the cipher into one item: they are many, and stand before the amount. */
function folded(rows, steps, isOpen) {
  const rounds = rows.filter((_, place) => steps[place][0] === "round");
  if (!rounds.length) {
    return rows;
  }
  const [item, details, list] = ["li", "details", "ol"].map((name) => element(name));
  details.open = isOpen;
  details.append(element("summary", "", t("rounds", rounds.length)), list);
  list.append(...rounds);
  item.append(details);
  const first = rows.indexOf(rounds[0]);
  return rows.toSpliced(first, rounds.length, item);
}

const valuesOf = (found, step) => found.steps.find((each) => each[0] === step)?.[2];

const isRead = (found) => found.steps.length > 2;

const stepName = (step) => (step.startsWith("field ") ? step.slice(6) : t(`step.${step}`));

const MEANINGS = [
  "number", "66 bits", "64-bit block", "decrypted", "checksum", "kind", "key expiry", "TID memory",
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
    const part = element("span", `part part-${place % 6} ${name}`);
    part.append(element("small", "", name), element("code", "", all.slice(at, at + size)));
    row.append(part);
    at += size;
  });
  return row;
}
