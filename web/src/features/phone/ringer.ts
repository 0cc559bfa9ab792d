// Rings without a sound file: two tones, as Iranian exchanges do (425 Hz), and the page's title, for who looks at another tab.
export class Ringer {
  private context: AudioContext | undefined;
  private timer: ReturnType<typeof setInterval> | undefined;
  private title = '';

  start(caller: string) {
    if (this.timer) return;
    this.title = document.title;
    let on = false;
    const beat = () => {
      on = !on;
      document.title = on ? `☎ ${caller}` : this.title;
      if (on) this.burst();
    };
    beat();
    this.timer = setInterval(beat, 1000);
    if ('Notification' in window && Notification.permission === 'granted' && document.hidden) new Notification(`☎ ${caller}`, { tag: 'pasokh-ring' });
  }
  stop() {
    if (!this.timer) return;
    clearInterval(this.timer);
    this.timer = undefined;
    document.title = this.title;
  }

  private burst() {
    this.context ??= new AudioContext();
    const { context } = this;
    if (context.state === 'suspended') void context.resume().catch(() => undefined);
    const tone = context.createOscillator();
    const gain = context.createGain();
    tone.frequency.value = 425;
    gain.gain.setValueAtTime(0.0001, context.currentTime);
    gain.gain.exponentialRampToValueAtTime(0.15, context.currentTime + 0.03);
    gain.gain.setValueAtTime(0.15, context.currentTime + 0.7);
    gain.gain.exponentialRampToValueAtTime(0.0001, context.currentTime + 0.8);
    tone.connect(gain).connect(context.destination);
    tone.start();
    tone.stop(context.currentTime + 0.85);
  }
}
