// What is heard: the buzzer's tones and the click of the load switch. Off until switched on.

let audio = null;
let tone = null;

/** Switch sound on or off; browsers allow it only where somebody pressed something. */
export function setSound(on) {
  if (on) {
    audio ??= new AudioContext();
    audio.resume();
  } else {
    audio?.suspend();
  }
  return on;
}

/** Sound `hz`, 0 for silence. */
export function sound(hz) {
  if (!audio || audio.state !== "running") {
    return;
  }
  if (!tone) {
    tone = { oscillator: audio.createOscillator(), gain: audio.createGain() };
    tone.oscillator.type = "square";
    tone.oscillator.connect(tone.gain).connect(audio.destination);
    tone.gain.gain.value = 0;
    tone.oscillator.start();
  }
  if (hz) {
    tone.oscillator.frequency.value = hz;
  }
  tone.gain.gain.value = hz ? 0.03 : 0;
}

/** The load switch moves: a short noise. */
export function click() {
  if (!audio || audio.state !== "running") {
    return;
  }
  const buffer = audio.createBuffer(1, 800, audio.sampleRate);
  const data = buffer.getChannelData(0);
  for (let at = 0; at < data.length; at++) {
    data[at] = (Math.random() * 2 - 1) * (1 - at / data.length) ** 8;
  }
  const source = audio.createBufferSource();
  source.buffer = buffer;
  source.connect(audio.destination);
  source.start();
}
