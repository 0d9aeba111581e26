// What has just come, or was asked for, is brought before the learner's eyes.

/** Scroll to `element` if it begins outside the upper half of the screen; `focused` gets the focus. */
export function reveal(element, focused = element) {
  const { top } = element.getBoundingClientRect();
  if (top < 0 || top > innerHeight / 2) {
    element.scrollIntoView({ block: "start" });
  }
  focused.focus({ preventScroll: true });
}
