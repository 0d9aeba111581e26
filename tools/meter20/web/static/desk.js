// The vending desk: what is bought and handed out, as slips with digits to type.

import { t, write } from "./texts.js";

const OTHER_METERS = ["neighbour", "other_group"]; // the key of their slips is never this meter's
const OTHER_BOX = "other_group"; // what no box of this desk could make

const find = (id) => document.getElementById(id);

export class Desk {
  /**
   * @param {string[]} offered names of the tokens that the desk hands out
   * @param {(request: object) => Promise<object>} ask
   * @param {(digits: string) => void} type types a token at the meter
   * @param {(digits: string) => void} look puts it under the glass
   */
  constructor(offered, ask, type, look) {
    Object.assign(this, { offered, ask, look, slips: [], said: new Map(), marks: [], hand: null });
    this.type = (digits) => {
      this.take(digits);
      type(digits);
    };
    find("in-hand").lastElementChild.onclick = () => this.type(this.hand);
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
    find("offered").replaceChildren(
      ...this.offered.map((what) => {
        const button = document.createElement("button");
        button.textContent = t(`slip.${what}`);
        button.onclick = () => this.get({ do: "hand_out", what });
        return button;
      }),
    );
    this.draw();
    if (this.hand) {
      this.take(this.hand);
    }
  }

  /** Hold the token `digits` of a slip beside the keys, where it can be read and typed. */
  take(digits) {
    const [row, tokens] = [find("in-hand"), this.together(digits)];
    this.hand = digits;
    row.hidden = false;
    write(
      row.firstElementChild,
      tokens.length > 1 ? t("in_hand_of", tokens.indexOf(digits) + 1, tokens.length) : t("in_hand"),
    );
    write(row.querySelector("code"), digits);
    row.lastElementChild.setAttribute("aria-label", `${t("type_it")} ${digits}`);
  }

  /** Return the tokens of the slip that `digits` stand on. */
  together(digits) {
    return this.slips.find((each) => each.tokens.includes(digits))?.tokens ?? [digits];
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
      this.take(slip.tokens[0]);
      const [newest] = find("slips").children;
      newest.scrollIntoView({ block: "nearest" });
      newest.querySelector("button").focus({ preventScroll: true });
    }
  }

  /** Mark each slip with what the meter said of it. */
  show(frame) {
    for (const [digits, isSpent, result, time] of frame.heard) {
      const said = this.said.get(digits) ?? { isSpent: false, times: new Map() };
      said.isSpent ||= isSpent;
      said.times.delete(result); // the latest comes last
      said.times.set(result, time);
      this.said.set(digits, said);
      if (this.hand?.replaceAll(" ", "") === digits) {
        const tokens = this.together(this.hand);
        this.take(tokens[tokens.indexOf(this.hand) + 1] ?? this.hand);
      }
    }
    if (frame.heard.length || frame.krn !== this.krn) {
      this.krn = frame.krn;
      this.mark();
    }
  }

  mark() {
    for (const { slip, digits, row, words } of this.marks) {
      const said = this.said.get(digits.replaceAll(" ", ""));
      const isOtherKey = !OTHER_METERS.includes(slip.what) && slip.krn !== this.krn;
      row.classList.toggle("spent", isOtherKey || Boolean(said?.isSpent));
      const answers = [...(said?.times ?? [])].map((each) => t("slip_answer", ...each)).join(", ");
      write(
        words,
        [answers && t("slip_said", answers), isOtherKey && t("slip_other_key", slip.krn, this.krn)]
          .filter(Boolean).join(" "),
      );
    }
  }

  draw() {
    this.marks = [];
    const [slip] = this.slips;
    find("request").textContent = slip ? request(slip) : "";
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
      slip.issued ? t("slip_issued", slip.issued) : "",
      slip.wh ? t("kwh", (slip.wh / 1000).toFixed(1)) : "",
      slip.cents ? t("paid", ...[slip.cents, slip.cents - slip.tax_cents, slip.tax_cents].map(money)) : "",
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

const money = (cents) => (cents / 100).toFixed(2);

const request = (slip) =>
  slip.what === OTHER_BOX
    ? t("box_other")
    : t("box_request", slip.drn, slip.sgc, slip.krn, slip.tokens.length);
