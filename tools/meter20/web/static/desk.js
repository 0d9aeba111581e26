// The vending desk: what is bought and handed out, as slips with digits to type.

import { t, write } from "./texts.js";

const OTHER_METERS = ["neighbour", "other_group"]; // the key of their slips is never this meter's

const find = (id) => document.getElementById(id);

export class Desk {
  /**
   * @param {string[]} wanted names of the tokens that the desk hands out
   * @param {(request: object) => Promise<object>} ask
   * @param {(digits: string) => void} type types a token at the meter
   * @param {(digits: string) => void} look puts it under the glass
   */
  constructor(wanted, ask, type, look) {
    Object.assign(this, { wanted, ask, type, look, slips: [], said: new Map(), marks: [] });
    find("buy").onsubmit = (event) => {
      event.preventDefault();
      if (/^\d{20}$/.test(find("money").value.replaceAll(" ", ""))) {
        find("desk-error").textContent = t("desk_token");
        return;
      }
      const cents = Math.round(Number(find("money").value.replace(",", ".")) * 100);
      this.get({ do: "buy", cents: Number.isFinite(cents) ? cents : 0 });
    };
  }

  label() {
    find("wanted").replaceChildren(
      ...this.wanted.map((what) => {
        const button = document.createElement("button");
        button.textContent = t(`slip.${what}`);
        button.onclick = () => this.get({ do: "hand_out", what });
        return button;
      }),
    );
    this.draw();
  }

  async get(request) {
    const slip = await this.ask(request);
    find("desk-error").textContent = slip.error ? t("desk_refused") : "";
    if (!slip.error) {
      this.slips.unshift(slip);
      this.slips.length = Math.min(this.slips.length, 20);
      find("box").classList.remove("works");
      void find("box").offsetWidth; // the movement begins anew
      find("box").classList.add("works");
      this.draw();
      const [newest] = find("slips").children;
      newest.scrollIntoView({ block: "nearest" });
      newest.querySelector("button").focus({ preventScroll: true });
    }
  }

  /** Mark each slip with what the meter said of it last. */
  show(frame) {
    for (const [digits, ...said] of frame.heard) {
      this.said.set(digits, said);
    }
    if (frame.heard.length || frame.krn !== this.krn) {
      this.krn = frame.krn;
      this.mark();
    }
  }

  mark() {
    for (const { slip, digits, row, words } of this.marks) {
      const [isSpent, ...said] = this.said.get(digits.replaceAll(" ", "")) ?? [false];
      const isOtherKey = !OTHER_METERS.includes(slip.what) && slip.krn !== this.krn;
      row.classList.toggle("spent", isSpent || isOtherKey);
      write(
        words,
        [said.length && t("slip_said", ...said), isOtherKey && t("slip_other_key", slip.krn, this.krn)]
          .filter(Boolean).join(" "),
      );
    }
  }

  draw() {
    this.marks = [];
    const [slip] = this.slips;
    find("asked").textContent = slip
      ? t("box_asked", slip.drn, slip.sgc, slip.krn, slip.tokens.length)
      : "";
    find("slips").replaceChildren(...this.slips.map((each) => this.slip(each)));
    this.mark();
  }

  slip(slip) {
    const item = document.createElement("li");
    const title = document.createElement("b");
    title.textContent = t(`slip.${slip.what}`);
    const facts = document.createElement("p");
    facts.textContent = [
      `${t("meter_number")} ${slip.drn}`,
      t("slip_key", slip.sgc, slip.krn),
      slip.issued ?? "",
      slip.wh ? t("kwh", (slip.wh / 1000).toFixed(1)) : "",
      slip.cents ? t("paid", (slip.cents / 100).toFixed(2), (slip.tax_cents / 100).toFixed(2)) : "",
    ]
      .filter(Boolean)
      .join(" · ");
    item.append(title, facts, ...slip.tokens.map((digits, at) => this.token(slip, digits, at)));
    return item;
  }

  token(slip, digits, at) {
    const row = document.createElement("p");
    row.className = "token";
    const code = document.createElement("code");
    code.textContent = digits;
    const button = (key, work) => {
      const made = document.createElement("button");
      made.textContent = t(key);
      made.setAttribute("aria-label", `${t(key)} ${digits}`);
      made.onclick = () => work(digits);
      return made;
    };
    const words = document.createElement("span");
    words.className = "count";
    const number = slip.tokens.length > 1 ? [`${at + 1}.`] : [];
    row.append(...number, code, button("type_it", this.type), button("look_at_it", this.look), words);
    this.marks.push({ slip, digits, row, words });
    return row;
  }
}
