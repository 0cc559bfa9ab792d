import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { Panel, Trouble } from '../../app/parts/parts';
import { useSay } from '../../app/parts/Toasts';
import { meQuery } from '../../app/session';
import { useText } from '../../app/texts';
import { changePassword } from './api';

export function PasswordForm({ onDone }: { onDone(): void }) {
  const t = useText();
  const say = useSay();
  const [present, setPresent] = useState('');
  const [wanted, setWanted] = useState('');
  const [again, setAgain] = useState('');
  const [trouble, setTrouble] = useState<unknown>();
  const differ = again !== '' && again !== wanted;

  async function submit(event: FormEvent) {
    event.preventDefault();
    setTrouble(undefined);
    try {
      await changePassword({ present, wanted });
      say.done(t('session.changed'));
      onDone();
    } catch (error) {
      setTrouble(error);
    }
  }
  const field = { type: 'password', required: true, slotProps: { htmlInput: { dir: 'ltr' } } } as const;
  return (
    <Stack component="form" onSubmit={submit} sx={{ gap: 2, maxWidth: 380 }}>
      <TextField {...field} label={t('session.present')} value={present} onChange={(event) => setPresent(event.target.value)} autoComplete="current-password" />
      <TextField {...field} label={t('session.wanted')} value={wanted} onChange={(event) => setWanted(event.target.value)} autoComplete="new-password" helperText={t('session.short')} />
      <TextField {...field} label={t('session.repeat')} value={again} onChange={(event) => setAgain(event.target.value)} autoComplete="new-password" error={differ} helperText={differ ? t('session.differ') : ' '} />
      {trouble !== undefined && <Trouble error={trouble} />}
      <Button type="submit" variant="contained" disabled={differ || wanted.length < 10}>
        {t('app.save')}
      </Button>
    </Stack>
  );
}

// The first sign-in: nothing else opens before this is done.
export function PasswordPage() {
  const t = useText();
  const client = useQueryClient();
  const navigate = useNavigate();
  async function done() {
    await client.fetchQuery({ ...meQuery, staleTime: 0 });
    await navigate({ to: '/' });
  }
  return (
    <Panel title={t('session.change')}>
      <Typography sx={{ mb: 2 }}>{t('session.changeSays')}</Typography>
      <PasswordForm onDone={() => void done()} />
    </Panel>
  );
}
