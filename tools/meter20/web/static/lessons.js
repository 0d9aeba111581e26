// The lessons: their words, their tasks, and which of them the meter says are done.

import { t } from "./texts.js";

const DONE = "meter20.done";

const find = (id) => document.getElementById(id);

export class Lessons {
  /**
   * @param {[string, number][]} lessons names, and how many tasks each has
   * @param {(number: number) => void} begin
   */
  constructor(lessons, begin) {
    this.lessons = lessons;
    this.begin = begin;
    this.done = new Set(JSON.parse(localStorage.getItem(DONE) ?? "[]"));
    this.number = 0;
    this.tasks = [];
  }

  label() {
    find("lesson-list").replaceChildren(
      ...this.lessons.map(([name], number) => {
        const item = document.createElement("li");
        const button = document.createElement("button");
        button.textContent = t(`lesson.${name}`);
        button.onclick = () => this.choose(number);
        item.append(button);
        return item;
      }),
    );
    this.write();
  }

  choose(number) {
    this.number = number;
    this.tasks = [];
    this.begin(number);
    this.write();
  }

  write() {
    const [name, count] = this.lessons[this.number];
    const paragraphs = t(`lesson.${name}.text`).split("\n").map((text) => made("p", text));
    const list = made("ul", "");
    list.className = "tasks";
    list.append(...Array.from({ length: count }, (_, at) => made("li", t(`lesson.${name}.task${at + 1}`))));
    const praise = made("p", t(`lesson.${name}.done`));
    praise.className = "praise";
    find("lesson").replaceChildren(
      made("h2", `${this.number + 1}. ${t(`lesson.${name}`)}`), ...paragraphs,
      made("h3", t("tasks")), list, praise,
    );
    this.mark();
  }

  show(frame) {
    if (String(frame.tasks) !== String(this.tasks)) {
      this.tasks = frame.tasks;
      if (this.tasks.every(Boolean)) {
        this.done.add(this.lessons[this.number][0]);
        localStorage.setItem(DONE, JSON.stringify([...this.done]));
      }
      this.mark();
    }
  }

  mark() {
    const [name, count] = this.lessons[this.number];
    const tasks = this.tasks.length === count ? this.tasks : [];
    find("lesson").querySelectorAll(".tasks li").forEach((item, at) => {
      item.classList.toggle("done", Boolean(tasks[at]));
      item.title = tasks[at] ? t("task_done") : "";
    });
    const isDone = tasks.length > 0 && tasks.every(Boolean);
    find("lesson").querySelector(".praise").hidden = !isDone && !this.done.has(name);
    [...find("lesson-list").querySelectorAll("button")].forEach((button, at) => {
      button.classList.toggle("done", this.done.has(this.lessons[at][0]));
      button.setAttribute("aria-current", at === this.number ? "step" : "false");
    });
  }

  static forget() {
    localStorage.removeItem(DONE);
  }
}

function made(name, text) {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}
