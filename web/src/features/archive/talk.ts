// Who speaks when, out of the peaks (0…255, caller and agent by turns): shares of the call, and its longest silence.
const speech = 6; // a peak below this is noise of the line

export interface Talk {
  caller: number; // 0…1
  agent: number;
  both: number;
  silence: number;
  longestSilence: { at_ms: number; length_ms: number };
}

export function talkOf(peaks: number[], duration_ms: number): Talk {
  const steps = Math.floor(peaks.length / 2);
  const talk: Talk = { caller: 0, agent: 0, both: 0, silence: 0, longestSilence: { at_ms: 0, length_ms: 0 } };
  if (steps === 0) return talk;
  const step_ms = duration_ms / steps;
  let since = 0;
  for (let step = 0; step < steps; step++) {
    const [caller, agent] = [peaks[2 * step]! >= speech, peaks[2 * step + 1]! >= speech];
    if (caller && agent) talk.both++;
    else if (caller) talk.caller++;
    else if (agent) talk.agent++;
    else talk.silence++;
    if (caller || agent) since = step + 1;
    else if ((step + 1 - since) * step_ms > talk.longestSilence.length_ms) talk.longestSilence = { at_ms: since * step_ms, length_ms: (step + 1 - since) * step_ms };
  }
  for (const part of ['caller', 'agent', 'both', 'silence'] as const) talk[part] /= steps;
  return talk;
}
