// What callers hear: own announcements and music, uploaded, recorded here or spoken by the machine; and the phrases of the house.
import { mdiPlay, mdiPlus, mdiStop, mdiTrashCanOutline } from '@mdi/js';
import Button from '@mui/material/Button';
import Chip from '@mui/material/Chip';
import FormControlLabel from '@mui/material/FormControlLabel';
import IconButton from '@mui/material/IconButton';
import Stack from '@mui/material/Stack';
import Switch from '@mui/material/Switch';
import Table from '@mui/material/Table';
import TableBody from '@mui/material/TableBody';
import TableCell from '@mui/material/TableCell';
import TableContainer from '@mui/material/TableContainer';
import TableHead from '@mui/material/TableHead';
import TableRow from '@mui/material/TableRow';
import Typography from '@mui/material/Typography';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useFormat } from '../../app/format';
import { Icon } from '../../app/Icon';
import { Confirm } from '../../app/parts/Confirm';
import { Code, Empty, Panel, Trouble } from '../../app/parts/parts';
import { useSay } from '../../app/parts/Toasts';
import { useMay } from '../../app/session';
import { textOfCode, useText } from '../../app/texts';
import { type Prompt, promptAudio, prompts, removePrompt } from './api';
import { PromptDialog } from './PromptDialog';

export function Prompts() {
  const t = useText();
  const say = useSay();
  const client = useQueryClient();
  const mayChange = useMay('change_settings');
  const { data, error, refetch } = useQuery({ queryKey: ['settings', 'prompts'], queryFn: prompts });
  const usedBy = useUses();
  const [house, setHouse] = useState(false);
  const [adding, setAdding] = useState(false);
  const [playing, play] = usePlayer();
  const own = data?.filter((each) => each.own || each.language === 'music') ?? [];
  const shown = house ? (data ?? []) : own;
  const gone = (prompt: Prompt) => removePrompt(prompt).then(() => (say.done(t('app.deleted')), client.invalidateQueries({ queryKey: ['settings', 'prompts'] })), say.failed);
  return (
    <Panel
      title={t('admin.prompts')}
      actions={
        mayChange && (
          <Button variant="contained" startIcon={<Icon path={mdiPlus} />} onClick={() => setAdding(true)}>
            {t('app.add')}
          </Button>
        )
      }
    >
      <Typography color="text.secondary">{t('admin.promptsSays')}</Typography>
      <FormControlLabel control={<Switch checked={house} onChange={(_, on) => setHouse(on)} />} label={t('admin.promptsHouse')} sx={{ my: 0.5 }} />
      {error && <Trouble error={error} retry={() => void refetch()} />}
      {data && shown.length === 0 && <Empty>{t('admin.promptsNone')}</Empty>}
      {shown.length > 0 && (
        <TableContainer sx={{ maxHeight: 640 }}>
          <Table size="small" stickyHeader data-testid="prompts">
            <TableHead>
              <TableRow>
                <TableCell />
                <TableCell>{t('field.name')}</TableCell>
                <TableCell>{t('admin.promptLanguage')}</TableCell>
                <TableCell align="right">{t('field.length')}</TableCell>
                <TableCell>{t('admin.promptUsed')}</TableCell>
                <TableCell />
              </TableRow>
            </TableHead>
            <TableBody>
              {shown.map((each) => (
                <PromptRow key={`${each.language}/${each.name}`} prompt={each} uses={usedBy(each)} playing={playing === promptAudio(each)} onPlay={() => play(promptAudio(each))} onGone={mayChange ? () => void gone(each) : undefined} />
              ))}
            </TableBody>
          </Table>
        </TableContainer>
      )}
      {adding && <PromptDialog taken={data ?? []} onClose={() => setAdding(false)} />}
    </Panel>
  );
}

function PromptRow({ prompt, uses, playing, onPlay, onGone }: { prompt: Prompt; uses: string[]; playing: boolean; onPlay(): void; onGone?(): void }) {
  const t = useText();
  const format = useFormat();
  return (
    <TableRow hover>
      <TableCell padding="checkbox">
        <IconButton size="small" onClick={onPlay} aria-label={`${t(playing ? 'admin.stop' : 'admin.listen')}: ${prompt.name}`}>
          <Icon path={playing ? mdiStop : mdiPlay} fontSize="small" />
        </IconButton>
      </TableCell>
      <TableCell component="th" scope="row">
        <Code>{prompt.name}</Code>
        {(prompt.text || prompt.spoken) && (
          <Typography variant="body2" color="text.secondary" dir="auto">
            {prompt.text || prompt.spoken}
          </Typography>
        )}
      </TableCell>
      <TableCell>{textOfCode(t, 'promptLanguage', prompt.language)}</TableCell>
      <TableCell align="right" className="figures">
        {prompt.duration_ms > 0 ? format.duration(Math.max(1000, prompt.duration_ms)) : '–'}
      </TableCell>
      <TableCell>
        <Stack direction="row" sx={{ gap: 0.5, flexWrap: 'wrap' }}>
          {uses.map((each) => (
            <Chip key={each} size="small" label={<bdi>{each}</bdi>} />
          ))}
        </Stack>
      </TableCell>
      <TableCell align="right">
        {onGone && prompt.own && (
          <Confirm question={uses.length > 0 ? t('admin.promptInUse', { name: prompt.name, places: uses.join(' · ') }) : t('admin.promptDelete', { name: prompt.name })} onYes={onGone}>
            {(ask) => (
              <IconButton size="small" aria-label={`${t('app.delete')}: ${prompt.name}`} onClick={ask}>
                <Icon path={mdiTrashCanOutline} fontSize="small" />
              </IconButton>
            )}
          </Confirm>
        )}
      </TableCell>
    </TableRow>
  );
}

// Where a prompt is played, in words.
function useUses(): (prompt: Prompt) => string[] {
  const t = useText();
  const format = useFormat();
  return ({ used_by = [] }) => used_by.map(({ kind, code = '' }) => (kind === 'house' ? t('admin.promptsHouseUse') : kind === 'queue' ? `${t('field.queue')} ${code}` : `${t('field.number')} ${format.digits(code)}`));
}

// One sound at a time.
function usePlayer(): [string | undefined, (source: string) => void] {
  const say = useSay();
  const audio = useRef<HTMLAudioElement>(undefined);
  const [playing, setPlaying] = useState<string>();
  useEffect(() => () => audio.current?.pause(), []);
  const play = (source: string) => {
    audio.current?.pause();
    if (playing === source) return setPlaying(undefined);
    const next = (audio.current = new Audio(source));
    next.onended = () => setPlaying(undefined);
    setPlaying(source);
    next.play().catch((trouble) => (setPlaying(undefined), say.failed(trouble)));
  };
  return [playing, play];
}
