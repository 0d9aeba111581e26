// The session as the lines of its file, see docs/sessions.md. Python made them.

// Characters. An hour at 3600x is 3 million: 150 days of the house.
const LONGEST = 10_000_000;

/** text: the file. whole: false once something no longer found room; text ends before it. */
export class Kept {
  constructor(longest = LONGEST) {
    this.longest = longest;
    this.text = "";
    this.whole = true;
  }

  /** Add whole lines, each with its end. */
  add(lines) {
    this.whole &&= this.text.length + lines.length <= this.longest;
    if (this.whole) {
      this.text += lines;
    }
  }
}
