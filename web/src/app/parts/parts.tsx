// Small pieces every feature draws with.
import { mdiAlertCircleOutline } from '@mdi/js';
import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Paper from '@mui/material/Paper';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { createContext, type ReactNode, useContext, useId, useSyncExternalStore } from 'react';
import { isRefusal } from '../api/client';
import { useFormat } from '../format';
import { Icon } from '../Icon';
import { usePreferences } from '../preferences';
import { textOfCode, useText } from '../texts';

export function Panel({ title, actions, children, grow, dense }: { title?: ReactNode; actions?: ReactNode; children: ReactNode; grow?: boolean; dense?: boolean }) {
  const id = useId();
  return (
    <Paper component="section" variant="outlined" aria-labelledby={title ? id : undefined} sx={{ p: dense ? 1.25 : 2, minWidth: 0, ...(grow ? { flex: 1, display: 'flex', flexDirection: 'column' } : {}) }}>
      {title && (
        <Stack direction="row" sx={{ alignItems: 'center', justifyContent: 'space-between', gap: 1, mb: dense ? 0.75 : 1.5, flexWrap: 'wrap' }}>
          <Typography id={id} variant="h2">
            {title}
          </Typography>
          {actions}
        </Stack>
      )}
      {children}
    </Paper>
  );
}

export function PageTitle({ children, actions, dense }: { children: ReactNode; actions?: ReactNode; dense?: boolean }) {
  return (
    <Stack direction="row" sx={{ alignItems: 'center', justifyContent: 'space-between', gap: 1.5, mb: dense ? 0 : 2, flexWrap: 'wrap' }}>
      <Typography variant="h1">{children}</Typography>
      {actions && (
        <Stack direction="row" sx={{ gap: 1, alignItems: 'center', flexWrap: 'wrap' }}>
          {actions}
        </Stack>
      )}
    </Stack>
  );
}

export function Figure({ label, value, hint, alarm, dense }: { label: ReactNode; value: ReactNode; hint?: ReactNode; alarm?: boolean; dense?: boolean }) {
  return (
    <Box sx={{ minWidth: dense ? 60 : 76 }}>
      <Typography variant="body2" color="text.secondary" noWrap>
        {label}
      </Typography>
      <Typography className="figures" sx={{ fontSize: dense ? '1.3rem' : '1.6rem', fontWeight: 700, lineHeight: dense ? 1.2 : 1.3, color: alarm ? 'error.main' : undefined, display: 'flex', alignItems: 'center', gap: 0.5 }}>
        {value}
        {alarm && <Icon path={mdiAlertCircleOutline} fontSize="small" />}
      </Typography>
      {hint && (
        <Typography variant="caption" color="text.secondary">
          {hint}
        </Typography>
      )}
    </Box>
  );
}

// A phone number reads left to right in either language; its digits are the reader's.
export function PhoneNumber({ number }: { number: string }) {
  const format = useFormat();
  return (
    <bdi dir="ltr" className="figures">
      {format.digits(number)}
    </bdi>
  );
}

export function Code({ children }: { children: ReactNode }) {
  return <bdi className="latin">{children}</bdi>;
}

// A text that may be in the other language: set in its own direction, with its own digits.
export function Foreign({ children: text }: { children: string }) {
  return <bdi lang={/[\u0600-\u06FF]/.test(text) ? 'fa' : 'en'}>{text}</bdi>;
}

export function Named({ code, name }: { code: string; name?: string }) {
  return name && name !== code ? <bdi title={code}>{name}</bdi> : <Code>{code}</Code>;
}

// One clock for every timer on the page.
let now = Date.now();
const listeners = new Set<() => void>();
let ticking: ReturnType<typeof setInterval> | undefined;
function subscribe(listener: () => void) {
  listeners.add(listener);
  ticking ??= setInterval(() => {
    now = Date.now();
    listeners.forEach((each) => each());
  }, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(ticking);
      ticking = undefined;
    }
  };
}

let ahead = 0; // ms by which the server's clock is ahead of ours
export function noteServerClock(serverNow: number) {
  ahead = serverNow - Date.now();
}
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now) + ahead;
}

// Set where a page shows a moment that has passed: timers stand as they stood then.
export const AsOf = createContext<number | undefined>(undefined);

export function Elapsed({ since, limit }: { since: string; limit?: number }) {
  const format = useFormat();
  const now = useNow();
  const ms = (useContext(AsOf) ?? now) - Date.parse(since);
  const over = limit !== undefined && ms > limit;
  return (
    <Box component="span" className="figures" sx={over ? { color: 'error.main', fontWeight: 700 } : undefined}>
      {Date.parse(since) > 0 ? format.duration(ms) : '–' /* it never began: an agent who has not signed in yet */}
    </Box>
  );
}

export function StateChip({ state, reason }: { state: string; reason?: string }) {
  const t = useText();
  return (
    <Box component="span" sx={(theme) => ({ display: 'inline-flex', alignItems: 'center', gap: 0.75, color: theme.vars?.palette.state[state] ?? 'text.secondary', fontWeight: 700, whiteSpace: 'nowrap' })}>
      <Box component="span" aria-hidden sx={{ inlineSize: 9, blockSize: 9, borderRadius: state === 'paused' || state === 'signed-out' ? '2px' : '50%', bgcolor: 'currentColor', ...(state === 'offered' ? { animation: 'pasokh-ring 1s infinite', '@keyframes pasokh-ring': { '50%': { opacity: 0.25 } }, '@media (prefers-reduced-motion: reduce)': { animation: 'none' } } : {}) }} />
      {textOfCode(t, 'state', state)}
      {reason ? <bdi style={{ fontWeight: 400 }}>· {textOfCode(t, 'pause', reason)}</bdi> : null}
    </Box>
  );
}

export function Empty({ children }: { children: ReactNode }) {
  return (
    <Typography color="text.secondary" sx={{ py: 3, textAlign: 'center' }}>
      {children}
    </Typography>
  );
}

// What went wrong in the reader's language, and a way on.
export function Trouble({ error, retry }: { error: unknown; retry?: () => void }) {
  const t = useText();
  const text = useTroubleText();
  return (
    <Alert
      severity="error"
      sx={{ my: 1 }}
      action={
        retry && (
          <Button color="inherit" size="small" onClick={retry}>
            {t('app.again')}
          </Button>
        )
      }
    >
      <bdi>{text(error)}</bdi>
    </Alert>
  );
}

export function useTroubleText() {
  const { language } = usePreferences();
  const t = useText();
  return (error: unknown) => {
    if (isRefusal(error, 'no-answer')) return t('app.noAnswer');
    if (isRefusal(error)) return language === 'fa' ? error.textFa : error.text;
    return error instanceof Error ? `${t('app.trouble')} (${error.message})` : t('app.trouble');
  };
}

// A picture that the server drew (QR codes). As an image it can neither run anything nor reach into the page.
export function Picture({ svg, label, size }: { svg: string; label: string; size: number }) {
  return <Box component="img" src={`data:image/svg+xml;utf8,${encodeURIComponent(svg)}`} alt={label} sx={{ inlineSize: size, blockSize: size, bgcolor: '#fff', p: 1, borderRadius: 2 }} />;
}
