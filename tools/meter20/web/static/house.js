// The house: its appliances, the speed of time, and the chart of load and credit.

import { t, write } from "./texts.js";

const KEPT = 288; // points of the chart: a day
const [WIDTH, HEIGHT] = [400, 150];

const find = (id) => document.getElementById(id);

export class House {
  /**
   * @param {[string, number][]} appliances names and watts
   * @param {(name: string, on: boolean) => void} onSwitch
   * @param {(speed: number) => void} onSpeed
   */
  constructor(appliances, onSwitch, onSpeed) {
    this.samples = [];
    this.switches = new Map();
    find("appliances").replaceChildren();
    for (const [name, watts] of appliances) {
      const button = document.createElement("button");
      button.onclick = () => onSwitch(name, button.getAttribute("aria-pressed") !== "true");
      find("appliances").append(button);
      this.switches.set(name, { button, watts });
    }
    this.speeds = [...find("speeds").querySelectorAll("button")];
    for (const button of this.speeds) {
      button.onclick = () => {
        onSpeed(Number(button.dataset.speed));
        this.mark(button);
      };
    }
    this.mark(this.speeds[0]);
  }

  mark(chosen) {
    this.speed = Number(chosen.dataset.speed);
    for (const button of this.speeds) {
      button.setAttribute("aria-pressed", button === chosen);
    }
  }

  label() {
    for (const [name, { button, watts }] of this.switches) {
      button.textContent = `${t(`appliance.${name}`)} ${watts} W`;
    }
    this.pace = undefined;
    if (this.samples.length) {
      this.chart();
    }
  }

  show(frame, pace) {
    for (const [name, { button }] of this.switches) {
      button.setAttribute("aria-pressed", frame.on[name]);
    }
    write(find("clock"), frame.time);
    find("clock").dateTime = frame.time.replace(" ", "T");
    write(find("watts"), `${frame.watts} W`);
    write(find("credit"), t("kwh", (frame.credit_wh / 1000).toFixed(3)));
    write(find("days"), days(frame));
    const rounded = pace < 10 ? Math.round(pace) : Math.round(pace / 10) * 10;
    if (rounded !== this.pace) {
      this.pace = rounded;
      write(find("pace"), t("pace", rounded));
    }
    if (frame.samples.length) {
      this.samples = [...this.samples, ...frame.samples].slice(-KEPT);
      this.chart();
    }
  }

  chart() {
    const first = this.samples[0][0];
    const minutes = Math.max(60, this.samples.at(-1)[0] - first);
    const most = (index) => Math.max(1, ...this.samples.map((sample) => sample[index]));
    const x = ([minute]) => (((minute - first) / minutes) * WIDTH).toFixed(1);
    const y = (value, top) => (HEIGHT - 5 - (Math.max(0, value) / top) * (HEIGHT - 15)).toFixed(1);
    const [load, credit] = [most(1), most(2)];
    write(
      find("scale"),
      t("chart_scale", Math.round(minutes / 60), load, (credit / 1000).toFixed(1)),
    );
    const line = (index, top) =>
      this.samples.map((sample) => `${x(sample)},${y(sample[index], top)}`).join(" ");
    find("chart").querySelector(".load").setAttribute("points", line(1, load));
    find("chart").querySelector(".credit").setAttribute("points", line(2, credit));
    const opened = this.samples.filter((sample, at) => at && !sample[3] && this.samples[at - 1][3]);
    find("chart").querySelector(".moves").replaceChildren(
      ...opened.map((sample) => {
        const mark = document.createElementNS("http://www.w3.org/2000/svg", "line");
        for (const [name, value] of Object.entries({ x1: x(sample), x2: x(sample), y1: 0, y2: HEIGHT })) {
          mark.setAttribute(name, value);
        }
        return mark;
      }),
    );
  }
}

function days({ credit_wh, days_left }) {
  if (credit_wh <= 0) {
    return "0";
  }
  return days_left === null ? t("days_unknown") : days_left ? String(days_left) : t("days_few");
}
