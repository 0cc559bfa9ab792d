import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Link from '@mui/material/Link';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { latinDigits } from '../../app/format';
import { Code, Panel, Picture, Trouble } from '../../app/parts/parts';
import { meQuery, useMe } from '../../app/session';
import { useText } from '../../app/texts';
import { activateSecondFactor, beginSecondFactor, endSecondFactor } from './secondFactorApi';

// TOTP (RFC 6238): the key is shown once, and holds only after a code from it has been typed back.
export function SecondFactor() {
  const t = useText();
  const me = useMe();
  const client = useQueryClient();
  const [offer, setOffer] = useState<{ secret: string; uri: string; qr?: string }>();
  const [recovery, setRecovery] = useState<string[]>();
  const [typed, setTyped] = useState('');
  const [trouble, setTrouble] = useState<unknown>();

  async function act(what: () => Promise<unknown>) {
    setTrouble(undefined);
    try {
      await what();
      setTyped('');
      await client.fetchQuery({ ...meQuery, staleTime: 0 });
    } catch (error) {
      setTrouble(error);
    }
  }
  const begin = () => act(async () => setOffer(await beginSecondFactor()));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void act(async () => {
      if (me.second_factor) await endSecondFactor(typed);
      else setRecovery((await activateSecondFactor(latinDigits(typed.trim()))).recovery);
      setOffer(undefined);
    });
  };
  return (
    <Panel title={t('session.secondFactor')}>
      <Stack component="form" onSubmit={submit} sx={{ gap: 2, alignItems: 'flex-start' }}>
        <Typography>{t(me.second_factor ? 'session.secondFactorOn' : 'session.secondFactorOff')}</Typography>
        {offer && !me.second_factor && (
          <>
            <Typography>{t('session.scan')}</Typography>
            {offer.qr && <Picture svg={offer.qr} label={t('session.scan')} size={200} />}
            <Typography sx={{ fontSize: '1.15rem', overflowWrap: 'anywhere' }}>
              <Code>{offer.secret.replace(/(.{4})/g, '$1 ')}</Code>
            </Typography>
            <Link href={offer.uri}>{t('session.openApp')}</Link>
            <TextField label={t('session.code')} value={typed} onChange={(event) => setTyped(event.target.value)} required autoComplete="one-time-code" slotProps={{ htmlInput: { dir: 'ltr', inputMode: 'numeric', maxLength: 6 } }} />
            <Button type="submit" variant="contained">
              {t('session.activate')}
            </Button>
          </>
        )}
        {recovery && (
          <Alert severity="warning" onClose={() => setRecovery(undefined)}>
            {t('session.recovery')}
            <Box component="ul" dir="ltr" data-testid="recovery" sx={{ columns: 2, listStyle: 'none', p: 0, mb: 0, userSelect: 'all', fontFamily: 'monospace', fontSize: '1.05rem' }}>
              {recovery.map((each) => (
                <li key={each}>{each}</li>
              ))}
            </Box>
          </Alert>
        )}
        {me.second_factor && (
          <>
            <TextField type="password" label={t('session.present')} value={typed} onChange={(event) => setTyped(event.target.value)} required autoComplete="current-password" />
            <Button type="submit" variant="outlined" color="error">
              {t('session.turnOff')}
            </Button>
          </>
        )}
        {!offer && !me.second_factor && (
          <Button variant="outlined" onClick={() => void begin()}>
            {t('session.turnOn')}
          </Button>
        )}
        {trouble !== undefined && <Trouble error={trouble} />}
      </Stack>
    </Panel>
  );
}
