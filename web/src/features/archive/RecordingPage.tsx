import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { type FormEvent, useMemo, useRef, useState } from 'react';
import { isRefusal } from '../../app/api/client';
import { useFormat } from '../../app/format';
import { Code, Figure, PageTitle, Panel, Trouble } from '../../app/parts/parts';
import { useSay } from '../../app/parts/Toasts';
import { useMay } from '../../app/session';
import { useText } from '../../app/texts';
import { addComment, audioAddress, comments as commentsOf, downloadAddress, hold, holdOf, recording as recordingOf, release } from './api';
import { Player, type Playing } from './Player';
import { talkOf } from './talk';

export function RecordingPage() {
  const t = useText();
  const format = useFormat();
  const say = useSay();
  const { call } = useParams({ strict: false }) as { call: string };
  const mayHear = useMay('hear_recordings');
  const player = useRef<Playing>(null);
  const { data, error, refetch } = useQuery({ queryKey: ['recording', call], queryFn: () => recordingOf(call) });
  const { data: comments, refetch: again } = useQuery({ queryKey: ['comments', call], queryFn: () => commentsOf(call), retry: false });
  const talk = useMemo(() => data && talkOf(data.peaks, data.duration), [data]);
  const { data: held, error: notHeld, refetch: refetchHold } = useQuery({ queryKey: ['hold', call], queryFn: () => holdOf(call).catch((refusal) => (isRefusal(refusal) && refusal.code !== 'no-such-path' ? null : Promise.reject(refusal))), retry: false });
  const mayHold = useMay('hold_recordings') && !notHeld;
  const [asking, setAsking] = useState<'download' | 'hold'>();
  if (error) return <Trouble error={error} retry={() => void refetch()} />;
  if (!data || !talk) return null;
  function given(reason: string) {
    if (asking === 'download') location.assign(downloadAddress(call, reason));
    else hold(call, reason).then(() => refetchHold(), say.failed);
  }
  return (
    <>
      <PageTitle
        actions={
          <>
            <Button component={Link} to={`/calls/${call}`}>
              {t('archive.call')}
            </Button>
            {mayHear && (
              <Button variant="outlined" onClick={() => setAsking('download')}>
                {t('archive.download')}
              </Button>
            )}
            {mayHold && (
              <Button variant="outlined" onClick={() => (held ? void release(call).then(() => refetchHold(), say.failed) : setAsking('hold'))}>
                {t(held ? 'archive.release' : 'archive.hold')}
              </Button>
            )}
          </>
        }
      >
        {t('archive.title', { call: format.digits(call) })}
      </PageTitle>
      <Stack sx={{ gap: 2 }}>
        {held && (
          <Alert severity="info">
            {t('archive.held')} <bdi>{held.reason}</bdi> (<Code>{held.by}</Code>, {format.date(held.at)})
          </Alert>
        )}
        {data.empty && <Alert severity="info">{t('archive.empty')}</Alert>}
        <Panel>{mayHear ? <Player ref={player} source={audioAddress(call)} recording={data} comments={comments ?? []} /> : <Alert severity="info">{t('archive.mayNotHear')}</Alert>}</Panel>
        <Panel title={t('archive.figures')}>
          <Stack direction="row" sx={{ gap: 3, flexWrap: 'wrap' }}>
            <Figure label={t('archive.started')} value={format.time(data.started)} hint={format.date(data.started)} />
            <Figure label={t('archive.callerTalks')} value={format.percent(talk.caller * 1000)} />
            <Figure label={t('archive.agentTalks')} value={format.percent(talk.agent * 1000)} />
            <Figure label={t('archive.both')} value={format.percent(talk.both * 1000)} />
            <Figure label={t('archive.silence')} value={format.percent(talk.silence * 1000)} />
            <Figure
              label={t('archive.longestSilence')}
              value={
                <Button size="small" sx={{ p: 0, minWidth: 0, font: 'inherit' }} onClick={() => player.current?.seek(talk.longestSilence.at_ms)}>
                  {format.duration(talk.longestSilence.length_ms)}
                </Button>
              }
            />
          </Stack>
          <Typography variant="caption" color="text.secondary" component="p" sx={{ mt: 1.5, overflowWrap: 'anywhere' }}>
            <Code>SHA-256 {data.sha256}</Code>
          </Typography>
        </Panel>
        {comments && <Comments call={call} rows={comments} at={() => player.current?.at() ?? 0} seek={(ms) => player.current?.seek(ms)} onAdded={() => void again()} />}
      </Stack>
      {asking && <ReasonDialog title={t(`archive.${asking}`)} says={t(asking === 'download' ? 'archive.downloadSays' : 'archive.holdSays')} onGiven={given} onClose={() => setAsking(undefined)} />}
    </>
  );
}

function Comments({ call, rows, at, seek, onAdded }: { call: string; rows: { at_ms: number; text: string; by?: string }[]; at(): number; seek(ms: number): void; onAdded(): void }) {
  const t = useText();
  const format = useFormat();
  const say = useSay();
  const [text, setText] = useState('');
  const [moment, setMoment] = useState(0);
  function submit(event: FormEvent) {
    event.preventDefault();
    addComment(call, { at_ms: Math.round(moment), text: text.trim() }).then(() => (setText(''), onAdded()), say.failed);
  }
  return (
    <Panel title={t('archive.comments')}>
      <Stack sx={{ gap: 0.5, mb: 1.5 }}>
        {rows.map((each, index) => (
          <Box key={index} sx={{ display: 'flex', gap: 1, alignItems: 'baseline' }}>
            <Button size="small" onClick={() => seek(each.at_ms)}>
              {format.duration(each.at_ms)}
            </Button>
            <Typography dir="auto" sx={{ flex: 1 }}>
              {each.text}
            </Typography>
            {each.by && <Code>{each.by}</Code>}
          </Box>
        ))}
      </Stack>
      <Stack component="form" direction="row" onSubmit={submit} sx={{ gap: 1, flexWrap: 'wrap' }}>
        <TextField label={t('archive.comment')} value={text} onFocus={() => setMoment(at())} onChange={(event) => setText(event.target.value)} slotProps={{ htmlInput: { dir: 'auto', maxLength: 1000 } }} sx={{ flex: 1, minWidth: 200 }} />
        <Button type="submit" variant="outlined" disabled={text.trim() === ''}>
          {t('archive.commentAt', { at: format.duration(moment) })}
        </Button>
      </Stack>
    </Panel>
  );
}

function ReasonDialog({ title, says, onGiven, onClose }: { title: string; says: string; onGiven(reason: string): void; onClose(): void }) {
  const t = useText();
  const [reason, setReason] = useState('');
  return (
    <Dialog open onClose={onClose} fullWidth maxWidth="xs" aria-labelledby="reason">
      <form onSubmit={(event) => (event.preventDefault(), onClose(), onGiven(reason.trim()))}>
        <DialogTitle id="reason">{title}</DialogTitle>
        <DialogContent>
          <Typography sx={{ mb: 2 }}>{says}</Typography>
          <TextField label={t('field.reason')} value={reason} onChange={(event) => setReason(event.target.value)} fullWidth required autoFocus slotProps={{ htmlInput: { dir: 'auto', maxLength: 400 } }} />
        </DialogContent>
        <DialogActions>
          <Button onClick={onClose}>{t('app.cancel')}</Button>
          <Button type="submit" variant="contained" disabled={reason.trim() === ''}>
            {title}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
