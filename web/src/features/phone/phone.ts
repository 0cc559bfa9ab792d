// The browser as a phone: SDP offers and answers over the page's WebSocket, one RTCPeerConnection a leg. The leg lives at the
// server; this page may be reloaded, lose its network or be cut off, and takes the leg up again with a new offer.
import { offerSeatPhone, type SeatPhone } from '../../app/seatPhone';
import { preferences } from '../../app/preferences';
import type { Connection, PhoneFrame } from '../../app/live/connection';
import { prefer } from './codec';
import { type Quality, QualityMeter } from './quality';
import { Ringer } from './ringer';

export interface Leg {
  leg: string;
  call: string;
  state: 'ringing' | 'connecting' | 'talking' | 'held';
  caller: string;
  name: string;
  queue: string;
  since: number;
}
export type MicrophoneTrouble = 'insecure' | 'denied' | 'none' | 'busy' | 'other';
export interface PhoneState {
  seat: 'off' | 'asking' | 'taken' | 'here'; // does this page hold the seat's phone
  device?: string;
  legs: Leg[];
  muted: boolean;
  microphone?: MicrophoneTrouble;
  silenced: boolean; // the browser wants a click before it plays sound
  quality?: Quality;
  said?: string; // the server's own word of a trouble
}

const give_up_after = 4000; // ms without a media path before a new offer is made
const wanted = 'pasokh.phone'; // "1": this machine's user wants the browser as phone
const tabName = (sessionStorage['pasokh.tab'] ??= crypto.randomUUID?.() ?? String(Math.random()).slice(2)) as string;

export class Phone {
  state: PhoneState = { seat: 'off', legs: [], muted: false, silenced: false };
  private readonly peers = new Map<string, RTCPeerConnection>();
  private readonly codecs = new Map<string, number>(); // the payload type that the server wants of a leg, once it has said so
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly listeners = new Set<() => void>();
  private readonly audio = new Audio();
  private readonly ringer = new Ringer();
  private readonly meter: QualityMeter;
  private stream: MediaStream | undefined;
  private relays: RTCIceServer[] = []; // for networks that block UDP; the centre tells them
  private stopListening: (() => void)[] = [];

  constructor(private readonly connection: Connection) {
    this.audio.autoplay = true;
    this.meter = new QualityMeter((leg, quality) => {
      this.connection.send({ type: 'phone.stats', leg, loss: quality.loss, jitter_ms: quality.jitter_ms, rtt_ms: quality.rtt_ms });
      this.set({ quality });
    });
  }

  start() {
    this.stopListening = [this.connection.onPhone((frame) => void this.take(frame)), this.connection.onOpen(() => this.isWanted() && this.register(false)), this.connection.subscribeStatus(() => this.lineChanged())];
    navigator.mediaDevices?.addEventListener('devicechange', this.devicesChanged);
  }
  // keepCalls: the session ended without our doing; sound goes on between browser and centre, and the next sign-in finds the call.
  stop(keepCalls = false) {
    this.stopListening.forEach((stop) => stop());
    navigator.mediaDevices?.removeEventListener('devicechange', this.devicesChanged);
    this.ringer.stop();
    offerSeatPhone(undefined);
    if (keepCalls && this.peers.size > 0) return this.set({ seat: 'off' });
    for (const leg of [...this.peers.keys()]) this.drop(leg);
    this.releaseMicrophone();
    this.set({ seat: 'off', legs: [], muted: false, quality: undefined });
  }
  subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };
  read = () => this.state;

  isWanted() {
    return localStorage.getItem(wanted) === '1';
  }
  use(on: boolean) {
    localStorage.setItem(wanted, on ? '1' : '0');
    if (on) this.register(false);
    else this.set({ seat: 'off' });
  }
  register(take: boolean) {
    if (this.connection.send({ type: 'phone.register', tab: tabName, ...(take ? { take: true } : {}) }) && this.state.seat === 'off') this.set({ seat: 'asking' });
  }

  async accept(leg: string) {
    await this.offer(leg, 'phone.accept');
  }
  reject(leg: string) {
    this.connection.send({ type: 'phone.reject', leg });
  }
  hangup(leg: string) {
    this.connection.send({ type: 'phone.hangup', leg });
  }
  digits(leg: string, digits: string) {
    this.connection.send({ type: 'phone.digits', leg, digits });
  }
  mute(muted: boolean) {
    this.stream?.getAudioTracks().forEach((track) => (track.enabled = !muted));
    this.set({ muted });
  }
  // After the browser has refused to play sound unasked: called from a click.
  hear() {
    void this.audio.play().then(() => this.set({ silenced: false }), () => undefined);
  }
  async useSpeaker(speaker: string) {
    const out = this.audio as HTMLAudioElement & { setSinkId?(id: string): Promise<void> };
    await out.setSinkId?.(speaker).catch(() => undefined);
  }
  // Another microphone in mid-call: the track is exchanged, the call goes on.
  async useMicrophone() {
    if (this.peers.size === 0) return this.releaseMicrophone();
    const before = this.stream;
    this.stream = undefined;
    const track = (await this.microphone())?.getAudioTracks()[0];
    if (!track) return;
    for (const peer of this.peers.values()) await peer.getSenders()[0]?.replaceTrack(track);
    before?.getTracks().forEach((each) => each.stop());
    this.mute(this.state.muted);
  }

  private async take(frame: PhoneFrame) {
    const leg = String(frame.leg ?? '');
    if (frame.type === 'phone.registered') return this.registered(frame as unknown as Parameters<Phone['registered']>[0]);
    if (frame.type === 'phone.taken') {
      this.ringer.stop();
      for (const each of [...this.peers.keys()]) this.drop(each);
      return this.set({ seat: 'taken', legs: [] });
    }
    if (frame.type === 'phone.ring') return this.ring({ leg, call: String(frame.call), caller: String(frame.caller ?? ''), name: String(frame.name ?? ''), queue: String(frame.queue ?? '') }, frame.answer === true);
    if (frame.type === 'phone.stop' || frame.type === 'phone.bye') return this.ended(leg);
    if (frame.type === 'phone.held') return this.change(leg, { state: frame.held ? 'held' : 'talking' });
    if (frame.type === 'phone.restart') return this.offer(leg, 'phone.resume');
    if (frame.type === 'phone.answer') return this.answered(leg, String(frame.sdp));
    if (frame.type === 'phone.codec') {
      this.codecs.set(leg, Number(frame.payload));
      return this.speak(leg);
    }
    if (frame.type === 'phone.stats') return this.meter.fromServer(leg, Number(frame.loss ?? 0), String(frame.codec ?? ''));
    if (frame.type === 'phone.error') this.set({ said: String(frame.text ?? frame.code ?? '') });
  }

  private registered({ device, legs, ice }: { device: string; legs: (Omit<Leg, 'since'> & { since: string; answer?: boolean })[]; ice?: RTCIceServer[] }) {
    this.relays = ice ?? [];
    this.set({ seat: 'here', device, said: undefined });
    const there = new Set(legs.map((each) => each.leg));
    for (const mine of this.state.legs) if (!there.has(mine.leg)) this.ended(mine.leg);
    for (const each of legs) {
      const known = this.peers.get(each.leg);
      this.put({ ...each, since: Date.parse(each.since) });
      if (each.state === 'ringing') continue; // the server rings again by itself
      if (known?.connectionState !== 'connected') void this.offer(each.leg, 'phone.resume');
    }
  }

  private ring(leg: Omit<Leg, 'state' | 'since'>, answer: boolean) {
    if (this.state.legs.some((each) => each.leg === leg.leg && each.state !== 'ringing')) return;
    this.put({ ...leg, state: 'ringing', since: Date.now() });
    if (answer) return void this.accept(leg.leg);
    this.ringer.start(leg.name || leg.caller);
    void this.microphone(); // open already when the call is accepted
  }

  private async offer(leg: string, type: 'phone.accept' | 'phone.resume') {
    const stream = await this.microphone();
    if (!stream || !this.state.legs.some((each) => each.leg === leg)) return;
    this.ringer.stop();
    this.closePeer(leg);
    const peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle', iceServers: this.relays });
    this.peers.set(leg, peer);
    peer.addTransceiver(stream.getAudioTracks()[0]!, { direction: 'sendrecv', streams: [stream] });
    peer.ontrack = ({ track }) => this.play(new MediaStream([track]));
    peer.onconnectionstatechange = () => this.pathChanged(leg, peer);
    const state = this.state.legs.find((each) => each.leg === leg)!.state;
    if (type === 'phone.accept') this.change(leg, { state: 'connecting', since: Date.now() });
    else if (state === 'ringing') return;
    await peer.setLocalDescription(await peer.createOffer());
    // An ICE-lite server needs none of our candidates: it answers to where the checks come from.
    this.connection.send({ type, leg, sdp: peer.localDescription!.sdp });
    this.patience(leg);
  }

  private async answered(leg: string, sdp: string) {
    const peer = this.peers.get(leg);
    if (!peer || peer.signalingState !== 'have-local-offer') return; // an answer to an offer that we gave up
    try {
      await peer.setRemoteDescription({ type: 'answer', sdp });
    } catch (error) {
      return this.set({ said: error instanceof Error ? error.message : String(error) });
    }
    const present = this.state.legs.find((each) => each.leg === leg);
    if (present?.state === 'connecting' || present?.state === 'ringing') this.change(leg, { state: 'talking' });
    this.meter.watch(leg, peer);
    await this.speak(leg);
  }

  // An order that came while an answer was awaited is done after it.
  private async speak(leg: string) {
    const peer = this.peers.get(leg);
    const payload = this.codecs.get(leg);
    if (peer && payload !== undefined) await prefer(peer, payload).catch((error: unknown) => this.peers.get(leg) === peer && this.set({ said: String(error) }));
  }

  private pathChanged(leg: string, peer: RTCPeerConnection) {
    if (this.peers.get(leg) !== peer) return;
    if (peer.connectionState === 'connected') {
      clearTimeout(this.timers.get(leg));
      this.set({ said: undefined });
    } else if (this.connection.readStatus() === 'off') return void (peer.connectionState !== 'disconnected' && this.ended(leg)); // nobody is signed in: the other side has gone
    else if (peer.connectionState === 'failed') void this.offer(leg, 'phone.resume');
    else if (peer.connectionState === 'disconnected') this.patience(leg);
  }

  // No media path for a while: offer anew. While the server is out of reach this waits; phone.registered resumes afterwards.
  private patience(leg: string) {
    clearTimeout(this.timers.get(leg));
    this.timers.set(
      leg,
      setTimeout(() => {
        const peer = this.peers.get(leg);
        if (peer && peer.connectionState !== 'connected' && this.connection.readStatus() === 'live') void this.offer(leg, 'phone.resume');
      }, give_up_after),
    );
  }

  private async microphone(): Promise<MediaStream | undefined> {
    if (this.stream?.active) return this.stream;
    if (!navigator.mediaDevices) return this.noMicrophone('insecure');
    const { microphone } = preferences();
    const wish = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ audio: { ...wish, ...(microphone ? { deviceId: { ideal: microphone } } : {}) } });
    } catch (error) {
      return this.noMicrophone(troubleOf(error));
    }
    this.set({ microphone: undefined });
    this.stream.getAudioTracks().forEach((track) => {
      track.enabled = !this.state.muted;
      track.onended = () => void this.useMicrophone(); // unplugged: the next best one
    });
    return this.stream;
  }
  private noMicrophone(microphone: MicrophoneTrouble): undefined {
    this.set({ microphone });
    return undefined;
  }
  // Asked for by the check in the settings as well; tells what is wrong, or nothing.
  async tryMicrophone(): Promise<MediaStream | undefined> {
    return this.microphone();
  }

  private play(stream: MediaStream) {
    this.audio.srcObject = stream;
    const { speaker } = preferences();
    if (speaker) void this.useSpeaker(speaker);
    this.audio.play().then(
      () => this.set({ silenced: false }),
      () => this.set({ silenced: true }),
    );
  }

  private ended(leg: string) {
    this.drop(leg);
    this.set({ legs: this.state.legs.filter((each) => each.leg !== leg) });
    if (!this.state.legs.some((each) => each.state === 'ringing')) this.ringer.stop();
    if (this.state.legs.length === 0) {
      this.releaseMicrophone();
      this.set({ muted: false, quality: undefined, silenced: false });
    }
  }
  private drop(leg: string) {
    clearTimeout(this.timers.get(leg));
    this.timers.delete(leg);
    this.codecs.delete(leg);
    this.closePeer(leg);
  }
  private closePeer(leg: string) {
    const peer = this.peers.get(leg);
    if (!peer) return;
    this.meter.forget(leg);
    peer.onconnectionstatechange = null;
    peer.close();
    this.peers.delete(leg);
  }
  private releaseMicrophone() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = undefined;
  }
  private lineChanged() {
    if (this.connection.readStatus() !== 'live' && this.state.seat === 'here') this.set({ seat: 'asking' });
  }
  private devicesChanged = () => {
    if (this.peers.size > 0 && !this.stream?.active) void this.useMicrophone();
  };

  private put(leg: Leg) {
    const others = this.state.legs.filter((each) => each.leg !== leg.leg);
    this.set({ legs: [...others, leg] });
  }
  private change(leg: string, change: Partial<Leg>) {
    this.set({ legs: this.state.legs.map((each) => (each.leg === leg ? { ...each, ...change } : each)) });
  }
  private set(change: Partial<PhoneState>) {
    this.state = { ...this.state, ...change };
    const active = this.state.legs.find((each) => each.state === 'talking' || each.state === 'held');
    const seat: SeatPhone | undefined = this.state.seat === 'here' || active ? { device: this.state.device, call: active && { muted: this.state.muted, mute: (muted) => this.mute(muted), digits: (digits) => this.digits(active.leg, digits) } } : undefined;
    offerSeatPhone(seat);
    this.listeners.forEach((listener) => listener());
  }
}

export function troubleOf(error: unknown): MicrophoneTrouble {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'none';
  if (name === 'NotReadableError' || name === 'AbortError') return 'busy';
  return 'other';
}
