// The lessons: their words, their tasks, and which of them the meter says are done.

import { reveal } from "./reveal.js";
import { t, write } from "./texts.js";

const DONE = "meter20.done";

const find = (id) => document.getElementById(id);

export class Lessons {
  /**
   * @param {[string, number][]} lessons names, and how many tasks each has
   * @param {(number: number) => void} begin
   * @param {(id: string) => void} goTo shows the desk or the glass
   */
  constructor(lessons, begin, goTo) {
    Object.assign(this, { lessons, begin, goTo });
    this.done = new Set(JSON.parse(localStorage.getItem(DONE) ?? "[]"));
    this.number = 0;
    this.tasks = [];
  }

  label() {
    find("lesson-list").replaceChildren(
      ...this.lessons.map(([name], number) => {
        const item = document.createElement("li");
        const button = document.createElement("button");
        button.textContent = `${number + 1}. ${t(`lesson.${name}`)}`;
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
    this.reveal();
  }

  /** Bring the lesson before the learner's eyes. */
  reveal() {
    reveal(find("lesson").querySelector("h2"));
  }

  write() {
    const [name, count] = this.lessons[this.number];
    const paragraphs = t(`lesson.${name}.text`).split("\n").map((text) => made("p", text));
    const list = made("ul", "");
    list.className = "tasks";
    list.append(...Array.from({ length: count }, (_, at) => made("li", t(`lesson.${name}.task${at + 1}`))));
    const praise = made("div", "");
    praise.className = "praise";
    praise.append(made("p", t(`lesson.${name}.done`)));
    if (this.number + 1 < this.lessons.length) {
      praise.append(pressed(t("next_lesson"), () => this.choose(this.number + 1)));
    }
    const heading = made("h2", `${this.number + 1}. ${t(`lesson.${name}`)}`);
    heading.tabIndex = -1;
    const ways = made("p", "");
    ways.className = "ways";
    ways.append(...["desk", "glass"].map((id) => pressed(`→ ${t(id)}`, () => this.goTo(id))));
    find("lesson").replaceChildren(
      heading, praise, ...paragraphs, made("h3", t("tasks")), list, ways,
    );
    this.mark();
  }

  show(frame) {
    // One that was on its way when another lesson began tells of the tasks before.
    if (frame.lesson === this.number && String(frame.tasks) !== String(this.tasks)) {
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
    const isDone = this.done.has(name); // in this session or in an earlier one
    const tasks = Array.from({ length: count }, (_, at) => isDone || Boolean(this.tasks[at]));
    find("lesson").querySelectorAll(".tasks li").forEach((item, at) => {
      item.classList.toggle("done", tasks[at]);
      item.title = tasks[at] ? t("task_done") : "";
    });
    find("lesson").querySelector(".praise").hidden = !isDone;
    const number = this.number + 1;
    write(
      find("progress").querySelector("span"),
      isDone ? t("lesson_done", number) : t("progress", number, tasks.filter(Boolean).length, count),
    );
    [...find("lesson-list").querySelectorAll("button")].forEach((button, at) => {
      button.classList.toggle("done", this.done.has(this.lessons[at][0]));
      button.setAttribute("aria-current", at === this.number ? "step" : "false");
    });
  }

  static forget() {
    localStorage.removeItem(DONE);
  }
}

function pressed(text, work) {
  const button = made("button", text);
  button.onclick = work;
  return button;
}

function made(name, text) {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}
