// The page: puts the meter, the house, the desk, the glass and the lessons together.

import { Desk } from "./desk.js";
import { Glass } from "./glass.js";
import { House } from "./house.js";
import { Lessons } from "./lessons.js";
import { Link } from "./link.js";
import { Meter } from "./meter.js";
import { reveal } from "./reveal.js";
import { sessions } from "./session.js";
import { setSound } from "./sound.js";
import { choose, language, speak, t } from "./texts.js";

const find = (id) => document.getElementById(id);
let rooms = [];
let shown = [];

const link = new Link(
  (...frame) => {
    shown = frame;
    show(rooms);
  },
  (words) => {
    find("failure").hidden = false;
    find("failure").textContent = `${t("failed")} ${words}`;
  },
);

/** Say everything in a language; the meter's own display speaks English. */
async function say(chosen) {
  await speak(chosen);
  label(rooms);
}

function show(all) {
  for (const room of shown.length ? all : []) {
    room.show?.(...shown);
  }
}

function label(all) {
  find("language").value = document.documentElement.lang;
  for (const room of all) {
    room.label?.();
  }
  show(all);
}

function tabs() {
  const all = [...document.querySelectorAll("[role=tab]")];
  const open = (chosen, focus) => {
    for (const tab of all) {
      const isChosen = tab === chosen;
      tab.setAttribute("aria-selected", isChosen);
      find(tab.getAttribute("aria-controls")).hidden = !isChosen;
    }
    if (focus) {
      chosen.focus();
    }
  };
  all.forEach((tab, at) => {
    tab.onclick = () => open(tab);
    tab.onkeydown = (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) {
        open(all[(at + step + all.length) % all.length], true);
      }
    };
  });
  open(all[0]);
  return (id) => open(find(`tab-${id}`));
}

/** Ask before what was done is lost: with the meter goes what stands on the slips. */
function leaving(desk, lessons) {
  let isSure = false;
  find("reset").onclick = () => {
    isSure = !(desk.slips.length || lessons.done.size) || confirm(t("reset_sure"));
    if (isSure) {
      Lessons.forget();
      location.reload();
    }
  };
  addEventListener("beforeunload", (event) => {
    if (desk.slips.length && !isSure) {
      event.preventDefault(); // the browser asks
    }
  });
}

async function main() {
  const open = tabs();
  const [known] = await Promise.all([link.start(), speak(language())]);
  window.meter20.known = known;
  const meter = new Meter((key) => link.ask({ do: "key", key }));
  const glass = new Glass((digits) => link.ask({ do: "look", digits }));
  const goTo = (id) => {
    open(id);
    reveal(find(`tab-${id}`));
  };
  const look = (digits) => {
    goTo("glass");
    glass.look(digits);
  };
  const desk = new Desk(known.offered, (request) => link.ask(request), (digits) => meter.type(digits), look);
  const house = new House(
    known.appliances,
    (name, on) => link.ask({ do: "switch", name, on }),
    (speed) => link.speed(speed),
  );
  const lessons = new Lessons(known.lessons, (number) => link.ask({ do: "lesson", number }), goTo);
  for (const way of document.querySelectorAll(".to-lesson")) {
    way.onclick = (event) => {
      event.preventDefault();
      open("lessons");
      lessons.reveal();
    };
  }
  const all = [meter, house, desk, glass, lessons];
  label(all);
  rooms = all; // from here on they are shown what happens
  find("drn").textContent = known.drn;
  find("language").onchange = () => {
    choose(find("language").value);
    say(find("language").value);
  };
  find("sound").onclick = () => {
    const on = setSound(find("sound").getAttribute("aria-pressed") !== "true");
    find("sound").setAttribute("aria-pressed", on);
  };
  find("power-cut").onclick = async () => {
    if (!meter.isDark) {
      link.speed(0);
      await meter.darken(() => link.ask({ do: "power_cut" }));
      link.speed(house.speed);
    }
  };
  sessions(link);
  leaving(desk, lessons);
  link.speed(1);
  document.body.dataset.ready = "";
}

// The service port, for whoever looks into the page with a program: see docs/classroom.md.
window.meter20 = {
  known: {},
  start: (bare) => link.start(bare),
  port: (octets) => link.port(octets),
  ask: (request) => link.ask(request),
  speed: (speed) => link.speed(speed),
};

main().catch((error) => link.onFailure(error.message));
