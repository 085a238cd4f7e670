/**
 * Sound, made as it is needed: off until the player wants it. Owns the audio context.
 *
 * Invariant: nothing is loaded and nothing sounds before `toggle`.
 */

/** Notes of each sound: frequency in Hz, start in s, length in s. */
const CHIMES = {
  __proto__: null,
  picked: [[660, 0, 0.12], [990, 0.07, 0.2]],
  traded: [[523, 0, 0.15], [659, 0.1, 0.15], [784, 0.2, 0.25]],
  salvaged: [[392, 0, 0.2], [523, 0.12, 0.2], [784, 0.24, 0.35]],
  paid: [[880, 0, 0.1], [1174, 0.06, 0.14]],
  kept: [[294, 0, 0.8], [587, 0.02, 0.9]],
  offered: [[740, 0, 0.1], [740, 0.14, 0.1]],
  shout: [[440, 0, 0.05], [494, 0.06, 0.07]],
};
const LOUDNESS = 0.12;
const THUD_S = 0.35;
const SPLASH_S = 0.16;

export class Sound {
  constructor() {
    this.context = null;
    this.isOn = false;
    this.noise = null;
  }

  /** Turns sound on or off. Returns whether it is on. */
  toggle() {
    this.isOn = !this.isOn;
    this.context ??= new AudioContext();
    if (this.isOn) this.context.resume();
    else this.context.suspend();
    return this.isOn;
  }

  /** The sound of a game's event, at a loudness from 0 to 1. */
  play(name, loudness = 1) {
    if (!this.isOn) return;
    if (name === "rammed") this.#hiss(THUD_S, 240, 2.4 * loudness);
    for (const [hertz, startS, lengthS] of CHIMES[name] ?? []) this.#note(hertz, startS, lengthS, loudness);
  }

  /** An oar in the water. */
  stroke() {
    if (this.isOn) this.#hiss(SPLASH_S, 900, 0.35);
  }

  #note(hertz, startS, lengthS, loudness) {
    const oscillator = new OscillatorNode(this.context, { type: "triangle", frequency: hertz });
    const beginS = this.context.currentTime + startS;
    oscillator.connect(this.#fading(beginS, lengthS, loudness));
    oscillator.start(beginS);
    oscillator.stop(beginS + lengthS);
  }

  #hiss(lengthS, hertz, loudness) {
    this.noise ??= noiseOf(this.context);
    const source = new AudioBufferSourceNode(this.context, { buffer: this.noise });
    const filter = new BiquadFilterNode(this.context, { type: "lowpass", frequency: hertz });
    source.connect(filter);
    filter.connect(this.#fading(this.context.currentTime, lengthS, loudness));
    source.start(0, Math.random() * 0.5, lengthS);
  }

  #fading(beginS, lengthS, loudness) {
    const gain = new GainNode(this.context, { gain: 0 });
    gain.gain.setValueAtTime(0, beginS);
    gain.gain.linearRampToValueAtTime(LOUDNESS * loudness, beginS + 0.012);
    gain.gain.exponentialRampToValueAtTime(0.0001, beginS + lengthS);
    gain.connect(this.context.destination);
    return gain;
  }
}

/** A second of noise. */
function noiseOf(context) {
  const buffer = new AudioBuffer({ length: context.sampleRate, sampleRate: context.sampleRate });
  const samples = buffer.getChannelData(0);
  for (let at = 0; at < samples.length; at++) samples[at] = 2 * Math.random() - 1;
  return buffer;
}
