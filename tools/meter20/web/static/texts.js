// The words of the page, from one file a language. The firmware's own words are English: what
// `explain` says is put into another language by its forms.

const LANGUAGE = "meter20.language";
const LANGUAGES = ["en", "fr"];

let words = {};

/** Return the language that was chosen here, or else that of the browser, if there are words. */
export function language() {
  const chosen = localStorage.getItem(LANGUAGE) ?? navigator.language.slice(0, 2);
  return LANGUAGES.includes(chosen) ? chosen : "en";
}

/** Remember the language that somebody chose. */
export function choose(language) {
  localStorage.setItem(LANGUAGE, language);
}

/** Return all words of the language, by their keys. */
export const texts = () => words;

/** Take the words of `language`, and write them wherever an element asks for some. */
export async function speak(language) {
  words = await (await fetch(`${language}.json`)).json();
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-t]")) {
    element.textContent = t(element.dataset.t);
  }
  for (const element of document.querySelectorAll("[data-t-label]")) {
    element.setAttribute("aria-label", t(element.dataset.tLabel));
  }
}

/** Let the element say `text`. It keeps its node of text: a new one for each frame is garbage. */
export function write(element, text) {
  element.firstChild ?? element.append("");
  if (element.firstChild.data !== text) {
    element.firstChild.data = text;
  }
}

/** Return the words for `key`, each %s of them replaced by a value. */
export function t(key, ...values) {
  return filled(words[key] ?? `[${key}]`, values);
}

/** Return what the firmware says by `form`, in the language of the page. */
export function sentence(form, values) {
  return filled(words.forms[form] ?? form, values);
}

const filled = (form, values) =>
  values.reduce((text, value) => text.replace("%s", written(String(value))), form);

/** Return a value as the language writes it: a number that is no whole one has another mark. */
const written = (value) =>
  /^-?\d+\.\d+$/.test(value) ? value.replace(".", t("decimal")) : value;
