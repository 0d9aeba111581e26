// Notes for teachers: the lessons with their tasks and answers, on one page to print.

import { language, speak, t, texts } from "./texts.js";

await speak(language());

const made = (name, text, children = []) => {
  const element = document.createElement(name);
  element.append(text, ...children);
  return element;
};

const lessons = Object.keys(texts()).filter((key) => /^lesson\.\w+$/.test(key));
document.getElementById("notes").append(
  made("h1", `meter20: ${t("notes.title")}`),
  made("p", t("notes.intro")),
  ...lessons.flatMap((key, at) => [
    made("h2", `${at + 1}. ${t(key)}`),
    ...t(`${key}.text`).split("\n").map((text) => made("p", text)),
    made("h3", t("tasks")),
    made("ul", "", Object.keys(texts())
      .filter((name) => name.startsWith(`${key}.task`))
      .map((name) => made("li", t(name)))),
    made("h3", t("notes.answer")),
    made("p", t(`${key}.done`)),
  ]),
);
document.body.dataset.ready = "";
