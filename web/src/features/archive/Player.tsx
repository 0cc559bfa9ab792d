// The stereo waveform: the caller above, the agent below. It runs left to right in either language, as time does on every recorder.
import { mdiFastForward10, mdiPause, mdiPlay, mdiRewind10 } from '@mdi/js';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import IconButton from '@mui/material/IconButton';
import Stack from '@mui/material/Stack';
import ToggleButton from '@mui/material/ToggleButton';
import ToggleButtonGroup from '@mui/material/ToggleButtonGroup';
import Typography from '@mui/material/Typography';
import { useEffect, useImperativeHandle, useRef, useState, type Ref } from 'react';
import WaveSurfer from 'wavesurfer.js';
import { useFormat } from '../../app/format';
import { Icon } from '../../app/Icon';
import { useActions } from '../../app/keys';
import { nonce } from '../../app/nonce';
import { Trouble } from '../../app/parts/parts';
import { useText } from '../../app/texts';
import type { Comment, Recording } from './api';

export interface Playing {
  at(): number; // ms
  seek(ms: number): void;
}

const speeds = [0.75, 1, 1.25, 1.5, 2];

export function Player({ source, recording, comments, ref }: { source: string; recording: Recording; comments: Comment[]; ref?: Ref<Playing> }) {
  const t = useText();
  const format = useFormat();
  const box = useRef<HTMLDivElement>(null);
  const wave = useRef<WaveSurfer>(undefined);
  const [playing, setPlaying] = useState(false);
  const [at, setAt] = useState(0);
  const [speed, setSpeed] = useState(1);
  const [trouble, setTrouble] = useState<unknown>();
  useEffect(() => {
    const sides = [0, 1].map((side) => recording.peaks.filter((_, index) => index % 2 === side).map((peak) => peak / 255));
    const audio = new Audio();
    audio.preload = 'none'; // hearing a recording is audited: nothing is fetched before somebody wants to hear it
    audio.src = source;
    const player = WaveSurfer.create({ container: box.current!, media: audio, peaks: sides, duration: recording.duration / 1000, height: 64, barWidth: 2, barGap: 1, normalize: true, cspNonce: nonce, cursorColor: '#b91c1c', splitChannels: [{ waveColor: '#0369a1', progressColor: '#075985' }, { waveColor: '#0f766e', progressColor: '#134e4a' }] });
    wave.current = player;
    player.on('play', () => setPlaying(true));
    player.on('pause', () => setPlaying(false));
    player.on('timeupdate', (seconds) => setAt(seconds * 1000));
    player.on('error', setTrouble);
    audio.onerror = () => setTrouble(new Error(`audio ${audio.error?.code ?? ''}`));
    return () => player.destroy();
  }, [source, recording]);
  const seek = (ms: number) => {
    const seconds = Math.max(0, Math.min(recording.duration, ms)) / 1000;
    wave.current?.setTime(seconds);
    setAt(seconds * 1000);
  };
  useImperativeHandle(ref, () => ({ at: () => at, seek }));
  const toggle = () => {
    setTrouble(undefined);
    void wave.current?.playPause().catch(setTrouble);
  };
  const choose = (next: number) => {
    setSpeed(next);
    wave.current?.setPlaybackRate(next, true); // the pitch stays
  };
  useActions([
    { key: 'Space', label: 'archive.play', allowed: true, run: toggle },
    { key: 'ArrowLeft', label: 'archive.back', allowed: true, run: () => seek(at - 10_000) },
    { key: 'ArrowRight', label: 'archive.forth', allowed: true, run: () => seek(at + 10_000) },
  ]);
  return (
    <Box data-testid="player" data-playing={playing} data-at={Math.round(at)}>
      <Box dir="ltr" sx={{ position: 'relative' }}>
        <div ref={box} />
        {[...comments.map((each) => ({ ...each, label: each.text })), ...recording.marks.map((mark) => ({ at_ms: mark.at, label: mark.name }))].map((each, index) => (
          <Box key={index} component="button" type="button" title={each.label} aria-label={`${format.duration(each.at_ms)} ${each.label}`} onClick={() => seek(each.at_ms)} sx={{ position: 'absolute', insetBlock: 0, left: `${(100 * each.at_ms) / Math.max(1, recording.duration)}%`, inlineSize: 6, border: 0, p: 0, bgcolor: 'warning.main', opacity: 0.75, cursor: 'pointer' }} />
        ))}
      </Box>
      <Stack direction="row" sx={{ justifyContent: 'space-between', mt: 0.5 }}>
        <Typography variant="caption" sx={{ color: '#0369a1', '[data-scheme=dark] &': { color: '#7dd3fc' } }}>
          {t('archive.above')}
        </Typography>
        <Typography variant="caption" sx={{ color: '#0f766e', '[data-scheme=dark] &': { color: '#5eead4' } }}>
          {t('archive.below')}
        </Typography>
      </Stack>
      {trouble !== undefined && <Trouble error={trouble} retry={toggle} />}
      <Stack direction="row" sx={{ alignItems: 'center', gap: 1, mt: 1, flexWrap: 'wrap' }}>
        <IconButton aria-label={t('archive.back')} onClick={() => seek(at - 10_000)}>
          <Icon path={mdiRewind10} />
        </IconButton>
        <Button variant="contained" size="large" onClick={toggle} startIcon={<Icon path={playing ? mdiPause : mdiPlay} />}>
          {t(playing ? 'archive.pause' : 'archive.play')}
        </Button>
        <IconButton aria-label={t('archive.forth')} onClick={() => seek(at + 10_000)}>
          <Icon path={mdiFastForward10} />
        </IconButton>
        <Typography className="figures" sx={{ fontSize: '1.15rem', mx: 1 }}>
          <bdi dir="ltr">
            {format.duration(at)} / {format.duration(recording.duration)}
          </bdi>
        </Typography>
        <ToggleButtonGroup exclusive size="small" value={speed} onChange={(_, next: number | null) => next && choose(next)} aria-label={t('archive.speed')}>
          {speeds.map((each) => (
            <ToggleButton key={each} value={each} sx={{ px: 1.25 }}>
              {format.decimal(each, Number.isInteger(each) ? 0 : each * 10 === Math.round(each * 10) ? 1 : 2)}×
            </ToggleButton>
          ))}
        </ToggleButtonGroup>
      </Stack>
    </Box>
  );
}
