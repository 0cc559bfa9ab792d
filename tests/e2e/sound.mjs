// Known signals: a tone for each side, and how much of what was heard is that tone (0…1, correlation with sine and cosine).
import { readFileSync, writeFileSync } from 'node:fs';

export function toneFile(path, hertz, { seconds = 20, rate = 48000 } = {}) {
  const samples = Buffer.alloc(seconds * rate * 2);
  for (let i = 0; i < seconds * rate; i++) samples.writeInt16LE(Math.round(9000 * Math.sin((2 * Math.PI * hertz * i) / rate)), 2 * i);
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples.length, 40);
  writeFileSync(path, Buffer.concat([head, samples]));
  return path;
}

export function readWav(path) {
  const file = readFileSync(path);
  const rate = file.readUInt32LE(24);
  const from = file.indexOf('data') + 8;
  const samples = Float64Array.from({ length: Math.floor((file.length - from) / 2) }, (_, i) => file.readInt16LE(from + 2 * i));
  return { rate, samples };
}

// The share of the energy that is this tone, in the loudest half second.
export function share({ rate, samples }, hertz) {
  const size = Math.floor(rate / 2);
  let [best, loudest] = [0, 0];
  for (let start = 0; start + size <= samples.length; start += Math.floor(size / 2)) {
    let [energy, sine, cosine] = [0, 0, 0];
    for (let i = 0; i < size; i++) {
      const sample = samples[start + i];
      energy += sample * sample;
      sine += sample * Math.sin((2 * Math.PI * hertz * i) / rate);
      cosine += sample * Math.cos((2 * Math.PI * hertz * i) / rate);
    }
    if (energy <= loudest) continue;
    loudest = energy;
    best = (2 * (sine * sine + cosine * cosine)) / (size * energy);
  }
  return best;
}

// Runs in the page before its own code: the microphone without the browser's voice processing (it takes a steady tone for noise),
// and what arrives from the other side kept for hearingOf().
export function listen() {
  const media = navigator.mediaDevices;
  const ask = media?.getUserMedia.bind(media);
  if (media) media.getUserMedia = (wish) => ask({ audio: { ...(typeof wish.audio === 'object' ? wish.audio : {}), echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
  const Peer = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Peer {
    constructor(...args) {
      super(...args);
      this.addEventListener('track', ({ track }) => (window.heardTrack = track));
    }
  };
}

// In the page: the share of a tone in half a second of what is heard now.
export async function hearingOf(hertz) {
  if (!window.heardTrack) return 0;
  const context = (window.heardContext ??= new AudioContext());
  if (window.heardSource?.track !== window.heardTrack) {
    const source = context.createMediaStreamSource(new MediaStream([window.heardTrack]));
    const analyser = context.createAnalyser();
    analyser.fftSize = 16384;
    source.connect(analyser);
    window.heardSource = { track: window.heardTrack, analyser };
  }
  await context.resume();
  await new Promise((done) => setTimeout(done, 500));
  const samples = new Float32Array(16384);
  window.heardSource.analyser.getFloatTimeDomainData(samples);
  let [energy, sine, cosine] = [0, 0, 0];
  samples.forEach((sample, i) => {
    energy += sample * sample;
    sine += sample * Math.sin((2 * Math.PI * hertz * i) / context.sampleRate);
    cosine += sample * Math.cos((2 * Math.PI * hertz * i) / context.sampleRate);
  });
  return energy < 1e-6 ? 0 : (2 * (sine * sine + cosine * cosine)) / (samples.length * energy);
}

// Firefox without a sound card runs no AudioContext: what comes in is taken where it leaves SRTP, before it is decoded. G.711 only:
// the page offers it first, and the server chooses it while no loss is measured.
export function tapFrames() {
  const Peer = window.RTCPeerConnection;
  window.heardFrames = [];
  window.RTCPeerConnection = class extends Peer {
    constructor(...args) {
      super(...args);
      this.addEventListener('track', ({ receiver }) => {
        const work = `onrtctransform = async ({ transformer }) => {
          const reader = transformer.readable.getReader(), writer = transformer.writable.getWriter();
          for (;;) {
            const { value, done } = await reader.read();
            if (done) return;
            postMessage({ kind: value.getMetadata().payloadType, data: new Uint8Array(value.data.slice(0)) });
            await writer.write(value);
          }
        }`;
        const worker = new Worker(URL.createObjectURL(new Blob([work])));
        worker.onmessage = ({ data: { kind, data } }) => window.heardFrames.push([kind, [...data]]);
        receiver.transform = new RTCRtpScriptTransform(worker, {});
      });
    }
  };
}

// ITU-T G.711, A-law octet to 16-bit sample.
function fromAlaw(octet) {
  const code = octet ^ 0x55;
  const [exponent, mantissa] = [(code >> 4) & 7, code & 0x0f];
  const size = exponent === 0 ? (mantissa << 4) + 8 : ((mantissa << 4) + 0x108) << (exponent - 1);
  return code & 0x80 ? size : -size;
}
export const alawOf = (frames) => ({ rate: 8000, samples: Float64Array.from(frames.filter(([kind]) => kind === 8 || kind === undefined).flatMap(([, octets]) => octets), fromAlaw) });
