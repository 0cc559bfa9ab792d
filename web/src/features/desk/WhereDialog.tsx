import Autocomplete from '@mui/material/Autocomplete';
import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import TextField from '@mui/material/TextField';
import ToggleButton from '@mui/material/ToggleButton';
import ToggleButtonGroup from '@mui/material/ToggleButtonGroup';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { latinDigits } from '../../app/format';
import { textOfCode, useText } from '../../app/texts';
import { colleagues, type WhereTo } from './api';

type Kind = 'agent' | 'queue' | 'number';

// To whom: a colleague, a queue or a number. A code that is not on the list may be typed.
export function WhereDialog({ title, kinds, onChosen, onClose }: { title: string; kinds: Kind[]; onChosen(to: WhereTo): void; onClose(): void }) {
  const t = useText();
  const [kind, setKind] = useState<Kind>(kinds[0]!);
  const [typed, setTyped] = useState('');
  const { data } = useQuery({ ...colleagues, enabled: kinds.length > 1, retry: false });
  const options =
    kind === 'agent'
      ? (data?.agents.map((each) => ({ code: each.code, label: [each.code, each.name, textOfCode(t, 'state', each.state.replace('_', '-'))].filter(Boolean).join(' · ') })) ?? [])
      : kind === 'queue'
        ? (data?.queues.map((each) => ({ code: each.code, label: [each.code, each.name].filter(Boolean).join(' · ') })) ?? [])
        : [];
  const code = options.find((each) => each.label === typed)?.code ?? latinDigits(typed.trim());

  function submit(event: FormEvent) {
    event.preventDefault();
    if (!code) return;
    onClose();
    onChosen({ [kind]: kind === 'number' ? code.replace(/[\s-]/g, '') : code });
  }
  return (
    <Dialog open onClose={onClose} fullWidth maxWidth="xs" aria-labelledby="where">
      <form onSubmit={submit}>
        <DialogTitle id="where">{title}</DialogTitle>
        <DialogContent sx={{ display: 'grid', gap: 2 }}>
          {kinds.length > 1 && (
            <ToggleButtonGroup exclusive size="small" value={kind} onChange={(_, next: Kind | null) => next && (setKind(next), setTyped(''))} aria-label={t('desk.whereKind')}>
              {kinds.map((each) => (
                <ToggleButton key={each} value={each}>
                  {t(`field.${each}`)}
                </ToggleButton>
              ))}
            </ToggleButtonGroup>
          )}
          {kind === 'number' ? (
            <TextField key={kind} label={t('field.number')} value={typed} onChange={(event) => setTyped(event.target.value)} autoFocus sx={{ mt: 1 }} slotProps={{ htmlInput: { dir: 'ltr', inputMode: 'tel', autoComplete: 'off' } }} />
          ) : (
            <Autocomplete key={kind} freeSolo openOnFocus options={options.map((each) => each.label)} inputValue={typed} onInputChange={(_, value) => setTyped(value)} sx={{ mt: 1 }} renderInput={(params) => <TextField {...params} label={t(`field.${kind}`)} autoFocus />} />
          )}
        </DialogContent>
        <DialogActions>
          <Button onClick={onClose}>{t('app.cancel')}</Button>
          <Button type="submit" variant="contained" disabled={!code}>
            {title}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
