// A prompt recorded in the browser: whatever the browser makes of the microphone, as a mono WAV file of 16 kHz.
const rate = 16_000;

export class Recorder {
  private constructor(
    private readonly stream: MediaStream,
    private readonly recorder: MediaRecorder,
    private readonly parts: Blob[],
  ) {}

  static async begin(): Promise<Recorder> {
    if (!navigator.mediaDevices) throw new DOMException('insecure', 'SecurityError');
    const stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: false, noiseSuppression: true, autoGainControl: true } });
    const parts: Blob[] = [];
    const recorder = new MediaRecorder(stream);
    recorder.ondataavailable = ({ data }) => parts.push(data);
    recorder.start(500);
    return new Recorder(stream, recorder, parts);
  }

  async end(): Promise<Blob> {
    const stopped = new Promise((done) => (this.recorder.onstop = done));
    this.recorder.stop();
    await stopped;
    this.drop();
    return wavOf(new Blob(this.parts));
  }
  drop() {
    this.stream.getTracks().forEach((track) => track.stop());
  }
}

// Whatever the browser can play, as one channel.
export async function wavOf(sound: Blob): Promise<Blob> {
  const length = rate; // the context is only there to decode; what it decodes is resampled to its rate
  const decoded = await new OfflineAudioContext(1, length, rate).decodeAudioData(await sound.arrayBuffer());
  const sides = Array.from({ length: decoded.numberOfChannels }, (_, side) => decoded.getChannelData(side));
  return wav(Float32Array.from({ length: decoded.length }, (_, at) => sides.reduce((sum, side) => sum + side[at]!, 0) / sides.length));
}

export function wav(samples: Float32Array): Blob {
  const bytes = new DataView(new ArrayBuffer(44 + samples.length * 2));
  const word = (at: number, text: string) => [...text].forEach((letter, index) => bytes.setUint8(at + index, letter.charCodeAt(0)));
  word(0, 'RIFF');
  bytes.setUint32(4, 36 + samples.length * 2, true);
  word(8, 'WAVEfmt ');
  bytes.setUint32(16, 16, true);
  bytes.setUint16(20, 1, true); // PCM
  bytes.setUint16(22, 1, true);
  bytes.setUint32(24, rate, true);
  bytes.setUint32(28, rate * 2, true);
  bytes.setUint16(32, 2, true);
  bytes.setUint16(34, 16, true);
  word(36, 'data');
  bytes.setUint32(40, samples.length * 2, true);
  samples.forEach((sample, at) => bytes.setInt16(44 + 2 * at, Math.round(Math.max(-1, Math.min(1, sample)) * 32_767), true));
  return new Blob([bytes.buffer], { type: 'audio/wav' });
}
