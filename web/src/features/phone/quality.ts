// What the network does to the voice, from the browser's own statistics, every few seconds.
export interface Quality {
  loss: number; // per cent of the last interval, both directions, the worse
  jitter_ms: number;
  rtt_ms: number;
  codec: string; // "opus" once the server has changed to it because of loss
  grade: 'good' | 'fair' | 'poor';
}

const every = 3000; // ms

interface Watched {
  timer: ReturnType<typeof setInterval>;
  lost: number;
  received: number;
  up: number; // loss that the server sees of our voice, per cent
  codec: string;
}

export class QualityMeter {
  private readonly watched = new Map<string, Watched>();
  constructor(private readonly told: (leg: string, quality: Quality) => void) {}

  watch(leg: string, peer: RTCPeerConnection) {
    this.forget(leg);
    this.watched.set(leg, { timer: setInterval(() => void this.measure(leg, peer), every), lost: 0, received: 0, up: 0, codec: '' });
  }
  forget(leg: string) {
    clearInterval(this.watched.get(leg)?.timer);
    this.watched.delete(leg);
  }
  fromServer(leg: string, loss: number, codec: string) {
    const watched = this.watched.get(leg);
    if (watched) Object.assign(watched, { up: loss, codec });
  }

  private async measure(leg: string, peer: RTCPeerConnection) {
    const before = this.watched.get(leg);
    if (!before || peer.connectionState !== 'connected') return;
    let [lost, received, jitter, rtt] = [0, 0, 0, 0];
    (await peer.getStats()).forEach((report: Record<string, unknown>) => {
      if (report.type === 'inbound-rtp') {
        lost = Number(report.packetsLost ?? 0);
        received = Number(report.packetsReceived ?? 0);
        jitter = Number(report.jitter ?? 0) * 1000;
      } else if (report.type === 'candidate-pair' && report.nominated) rtt = Number(report.currentRoundTripTime ?? 0) * 1000;
    });
    const [newLost, newReceived] = [Math.max(0, lost - before.lost), received - before.received];
    before.lost = lost;
    before.received = received;
    const down = newReceived + newLost > 0 ? (100 * newLost) / (newReceived + newLost) : 0;
    const worst = Math.max(down, before.up);
    this.told(leg, { loss: Number(worst.toFixed(1)), jitter_ms: Math.round(jitter), rtt_ms: Math.round(rtt), codec: before.codec, grade: gradeOf(worst, jitter, rtt, before.codec) });
  }
}

// ITU-T G.114 and G.113 in rough steps: 150 ms one way is unnoticed, 3 % loss is heard in G.711; with Opus and its error correction
// three times as much is heard as little.
export function gradeOf(loss: number, jitter: number, rtt: number, codec = ''): Quality['grade'] {
  const heard = codec === 'opus' ? loss / 3 : loss;
  if (heard > 3 || jitter > 60 || rtt > 500) return 'poor';
  return heard > 1 || jitter > 30 || rtt > 300 ? 'fair' : 'good';
}
