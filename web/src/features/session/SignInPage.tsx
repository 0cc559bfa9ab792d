import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Link from '@mui/material/Link';
import Paper from '@mui/material/Paper';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { type FormEvent, useEffect, useState } from 'react';
import { isRefusal, type Refusal } from '../../app/api/client';
import { latinDigits, useFormat } from '../../app/format';
import { useTroubleText } from '../../app/parts/parts';
import { LanguageSwitch } from '../../app/Shell';
import { useText } from '../../app/texts';
import { signIn } from './api';

export function SignInPage() {
  const t = useText();
  const { ended, next } = useSearch({ from: '/sign-in' });
  const navigate = useNavigate();
  const client = useQueryClient();
  const trouble = useTroubleText();
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState<string>(); // a text once the server has asked for it
  const [refusal, setRefusal] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const wait = useWait(refusal);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setRefusal(undefined);
    try {
      await signIn({ login: latinDigits(login.trim()), password, code: code ? latinDigits(code.trim()) : undefined });
      client.clear();
      await navigate({ to: next?.startsWith('/') ? next : '/', replace: true });
    } catch (error) {
      if (isRefusal(error, 'second-factor') && code === undefined) setCode('');
      else setRefusal(error);
      setBusy(false); // after a sign-in it stays: this form is on its way out, and takes no more words
    }
  }

  return (
    <Box component="main" sx={{ minHeight: '100dvh', display: 'grid', placeItems: 'center', p: 2 }}>
      <Paper variant="outlined" sx={{ width: '100%', maxWidth: 400, p: { xs: 2.5, sm: 4 } }}>
        <Stack direction="row" sx={{ justifyContent: 'space-between', mb: 3 }}>
          <Box component="img" src="/mark.svg" alt="" sx={{ inlineSize: 44 }} />
          <LanguageSwitch />
        </Stack>
        <Typography variant="h1" sx={{ mb: 2.5 }}>
          {t('session.title')}
        </Typography>
        <Stack component="form" onSubmit={submit} sx={{ gap: 2 }}>
          {ended && !refusal && <Alert severity="info">{t('session.ended')}</Alert>}
          {code === undefined ? (
            <>
              <TextField label={t('session.login')} value={login} onChange={(event) => setLogin(event.target.value)} autoComplete="username" autoFocus required size="medium" slotProps={{ htmlInput: { dir: 'ltr', autoCapitalize: 'none', spellCheck: false } }} />
              <TextField label={t('session.password')} value={password} onChange={(event) => setPassword(event.target.value)} type="password" autoComplete="current-password" required size="medium" slotProps={{ htmlInput: { dir: 'ltr' } }} />
            </>
          ) : (
            <>
              <Typography>{t('session.codeSays')}</Typography>
              <TextField label={t('session.code')} value={code} onChange={(event) => setCode(event.target.value)} autoFocus required size="medium" autoComplete="one-time-code" helperText={t('session.recoverySays')} slotProps={{ htmlInput: { dir: 'ltr', maxLength: 24, autoCapitalize: 'none' } }} />
            </>
          )}
          {refusal !== undefined && <Alert severity="error">{wait > 0 ? <WaitText seconds={wait} /> : isRefusal(refusal, 'sign-in-failed') ? t('session.wrong') : isRefusal(refusal, 'second-factor') ? t('session.codeWrong') : trouble(refusal)}</Alert>}
          <Button type="submit" variant="contained" size="large" disabled={busy || wait > 0}>
            {t('session.signIn')}
          </Button>
        </Stack>
        {!window.isSecureContext && (
          <Typography variant="body2" color="text.secondary" sx={{ mt: 2.5 }}>
            {t('session.secure')} <Link href="/authority">{t('session.authority')}</Link>
          </Typography>
        )}
      </Paper>
    </Box>
  );
}

function WaitText({ seconds }: { seconds: number }) {
  const t = useText();
  const format = useFormat();
  return <>{t('session.wait', { seconds: format.number(seconds) })}</>;
}

// Seconds until the next try is worth making, counted down.
function useWait(refusal: unknown): number {
  const [wait, setWait] = useState(0);
  useEffect(() => {
    setWait(isRefusal(refusal, 'slow-down') ? Math.max(1, (refusal as Refusal).retryAfter) : 0);
  }, [refusal]);
  useEffect(() => {
    if (wait <= 0) return;
    const timer = setTimeout(() => setWait(wait - 1), 1000);
    return () => clearTimeout(timer);
  }, [wait]);
  return wait;
}
