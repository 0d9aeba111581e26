// Sessions: what was done at the meter, kept as a file and played again. See docs/sessions.md.

import { t } from "./texts.js";

const find = (id) => document.getElementById(id);

/** Offer the session as a file. */
async function keep(link) {
  const { session, whole } = await link.keep();
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(new Blob([session], { type: "application/jsonl" }));
  anchor.download = "session.jsonl";
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 1000);
  return t(whole ? "session_kept" : "session_too_long");
}

/** Play the session in `text` on a new meter; return what came of it. */
async function play(link, text) {
  const [head, ...entries] = text.trim().split("\n").map((line) => JSON.parse(line));
  if (head.meter20 !== "session" || head.format !== 1) {
    throw new Error(head.meter20);
  }
  link.speed(0);
  await link.start(true);
  const said = head.firmware === link.known.firmware
    ? []
    : [t("session_firmware", head.firmware, link.known.firmware)];
  let different = 0;
  for (const { sent, got } of entries) {
    const found = (await link.port(`${sent}\n`)).trimEnd();
    if (found !== got) {
      different++;
      said.push(`${sent} → ${found}`);
    }
  }
  said.unshift(t("session_played", entries.length, different));
  return said.slice(0, 4).join(" ");
}

/** Let the buttons of the page keep and play sessions. */
export function sessions(link) {
  const say = (words) => (find("session-said").textContent = words);
  find("keep").onclick = async () => say(await keep(link));
  find("play").onchange = async () => {
    const [file] = find("play").files;
    try {
      say(await play(link, await file.text()));
    } catch {
      say(t("session_bad"));
    }
    find("play").value = "";
    link.speed(1);
  };
}
