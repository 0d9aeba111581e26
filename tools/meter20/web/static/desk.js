// The vending desk: what is bought and handed out, as slips with digits to type.

import { t } from "./texts.js";

const find = (id) => document.getElementById(id);

export class Desk {
  /**
   * @param {string[]} wanted names of the tokens that the desk hands out
   * @param {(request: object) => Promise<object>} ask
   * @param {(digits: string) => void} type types a token at the meter
   * @param {(digits: string) => void} look puts it under the glass
   */
  constructor(wanted, ask, type, look) {
    Object.assign(this, { wanted, ask, type, look, slips: [] });
    find("buy").onsubmit = (event) => {
      event.preventDefault();
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
    }
  }

  draw() {
    const [slip] = this.slips;
    find("asked").textContent = slip
      ? t("box_asked", slip.drn, slip.sgc, slip.krn, slip.tokens.length)
      : "";
    find("slips").replaceChildren(...this.slips.map((each) => this.slip(each)));
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
    item.append(title, facts, ...slip.tokens.map((digits) => this.token(digits)));
    return item;
  }

  token(digits) {
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
    row.append(code, button("type_it", this.type), button("look_at_it", this.look));
    return row;
  }
}
