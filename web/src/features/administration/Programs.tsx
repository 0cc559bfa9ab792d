// Programs that work with the centre: tokens that let them in, webhooks that tell them what happens.
import Alert from '@mui/material/Alert';
import Button from '@mui/material/Button';
import Checkbox from '@mui/material/Checkbox';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import FormControlLabel from '@mui/material/FormControlLabel';
import FormGroup from '@mui/material/FormGroup';
import FormLabel from '@mui/material/FormLabel';
import Link from '@mui/material/Link';
import MenuItem from '@mui/material/MenuItem';
import Stack from '@mui/material/Stack';
import Table from '@mui/material/Table';
import TableBody from '@mui/material/TableBody';
import TableCell from '@mui/material/TableCell';
import TableContainer from '@mui/material/TableContainer';
import TableHead from '@mui/material/TableHead';
import TableRow from '@mui/material/TableRow';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { latinDigits, useFormat } from '../../app/format';
import { Confirm } from '../../app/parts/Confirm';
import { Code, Empty, Panel, Trouble } from '../../app/parts/parts';
import { useSay } from '../../app/parts/Toasts';
import { type Role, useMay } from '../../app/session';
import { textOfCode, useText } from '../../app/texts';
import { endToken, endWebhook, makeToken, makeWebhook, tokens, webhooks } from './api';
import { FieldInput } from './FieldInput';

const roles: Role[] = ['agent', 'supervisor', 'coach', 'planner', 'hiring', 'administrator'];
const events = ['call.arrived', 'call.answered', 'call.ended', 'recording.finished', 'report.completed', 'alarm.raised', 'alarm.cleared'] as const;

export function Programs() {
  return (
    <Stack sx={{ gap: 2 }}>
      {useMay('make_tokens') && <Tokens />}
      {useMay('manage_webhooks') && <Webhooks />}
    </Stack>
  );
}

// A secret is told once: it stands there until somebody closes it.
function Told({ says, secret, onClose }: { says: string; secret: string; onClose(): void }) {
  return (
    <Alert severity="success" onClose={onClose} sx={{ mb: 2, overflowWrap: 'anywhere' }}>
      {says}
      <Typography component="p" data-testid="secret" sx={{ userSelect: 'all', fontWeight: 700, mt: 0.5 }}>
        <Code>{secret}</Code>
      </Typography>
    </Alert>
  );
}

function Tokens() {
  const t = useText();
  const format = useFormat();
  const say = useSay();
  const { data, error, refetch } = useQuery({ queryKey: ['tokens'], queryFn: tokens });
  const [adding, setAdding] = useState(false);
  const [made, setMade] = useState<string>();
  const gone = (name: string) => endToken(name).then(() => refetch(), say.failed);
  return (
    <Panel title={t('admin.tokens')} actions={<Button variant="contained" onClick={() => setAdding(true)}>{t('admin.tokenNew')}</Button>}>
      <Typography color="text.secondary" sx={{ mb: 1.5 }}>
        {t('admin.tokensSays')} <Link href="/openapi.json"><Code>/openapi.json</Code></Link>
      </Typography>
      {made && <Told says={t('admin.tokenTold')} secret={made} onClose={() => setMade(undefined)} />}
      {error && <Trouble error={error} retry={() => void refetch()} />}
      {data?.length === 0 && <Empty>{t('admin.tokensNone')}</Empty>}
      {data && data.length > 0 && (
        <TableContainer>
          <Table size="small" data-testid="tokens">
            <TableHead>
              <TableRow>
                {(['field.name', 'admin.role', 'admin.madeBy', 'admin.lastUsed', 'admin.expires'] as const).map((key) => (
                  <TableCell key={key}>{t(key)}</TableCell>
                ))}
                <TableCell />
              </TableRow>
            </TableHead>
            <TableBody>
              {data.map((each) => (
                <TableRow key={each.name} hover>
                  <TableCell component="th" scope="row">
                    <bdi>{each.name}</bdi>
                  </TableCell>
                  <TableCell>
                    {textOfCode(t, 'role', each.role)}
                    {each.agent && <> · <Code>{each.agent}</Code></>}
                  </TableCell>
                  <TableCell><Code>{each.made_by}</Code></TableCell>
                  <TableCell>{Date.parse(each.last_used) > 0 ? format.moment(each.last_used) : t('admin.never')}</TableCell>
                  <TableCell>{Date.parse(each.expires) > 0 ? format.date(each.expires) : '–'}</TableCell>
                  <TableCell align="right">
                    <Confirm question={t('admin.tokenEndSays', { name: each.name })} onYes={() => void gone(each.name)}>
                      {(ask) => <Button size="small" color="error" onClick={ask}>{t('admin.tokenEnd')}</Button>}
                    </Confirm>
                  </TableCell>
                </TableRow>
              ))}
            </TableBody>
          </Table>
        </TableContainer>
      )}
      {adding && <NewToken onClose={() => setAdding(false)} onMade={(token) => (setMade(token), setAdding(false), void refetch())} />}
    </Panel>
  );
}

function NewToken({ onClose, onMade }: { onClose(): void; onMade(token: string): void }) {
  const t = useText();
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('planner');
  const [agent, setAgent] = useState('');
  const [days, setDays] = useState('365');
  const [trouble, setTrouble] = useState<unknown>();
  function submit(event: FormEvent) {
    event.preventDefault();
    makeToken({ name: name.trim(), role, days: Number(latinDigits(days)) || undefined, ...(role === 'agent' && agent ? { agent } : {}) }).then(({ token }) => onMade(token), setTrouble);
  }
  return (
    <Dialog open onClose={onClose} fullWidth maxWidth="xs" aria-labelledby="token">
      <form onSubmit={submit}>
        <DialogTitle id="token">{t('admin.tokenNew')}</DialogTitle>
        <DialogContent sx={{ display: 'grid', gap: 2 }}>
          <TextField label={t('field.name')} value={name} onChange={(event) => setName(event.target.value)} required autoFocus helperText={t('admin.tokenNameSays')} sx={{ mt: 1 }} slotProps={{ htmlInput: { dir: 'ltr', maxLength: 64, autoCapitalize: 'none', pattern: '[a-z0-9._\\-]{1,64}' } }} />
          <TextField select label={t('admin.role')} value={role} onChange={(event) => setRole(event.target.value as Role)} helperText={t('admin.tokenRoleSays')}>
            {roles.map((each) => (
              <MenuItem key={each} value={each}>
                {textOfCode(t, 'role', each)}
              </MenuItem>
            ))}
          </TextField>
          {role === 'agent' && <FieldInput field={{ name: 'agent', label: 'field.agent', kind: { of: 'agents' }, hint: 'admin.tokenAgentSays' }} value={agent} onChange={(value) => setAgent(String(value))} />}
          <TextField label={t('admin.tokenDays')} value={days} onChange={(event) => setDays(event.target.value)} slotProps={{ htmlInput: { dir: 'ltr', inputMode: 'numeric', maxLength: 4 } }} />
          {trouble !== undefined && <Trouble error={trouble} />}
        </DialogContent>
        <DialogActions>
          <Button onClick={onClose}>{t('app.cancel')}</Button>
          <Button type="submit" variant="contained" disabled={name.trim() === ''}>
            {t('app.add')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function Webhooks() {
  const t = useText();
  const format = useFormat();
  const say = useSay();
  const { data, error, refetch } = useQuery({ queryKey: ['webhooks'], queryFn: webhooks, refetchInterval: 10_000 });
  const [adding, setAdding] = useState(false);
  const [made, setMade] = useState<string>();
  const gone = (id: string) => endWebhook(id).then(() => refetch(), say.failed);
  return (
    <Panel title={t('admin.webhooks')} actions={<Button variant="contained" onClick={() => setAdding(true)}>{t('admin.webhookNew')}</Button>}>
      <Typography color="text.secondary" sx={{ mb: 1.5 }}>
        {t('admin.webhooksSays')}
      </Typography>
      {made && <Told says={t('admin.webhookTold')} secret={made} onClose={() => setMade(undefined)} />}
      {error && <Trouble error={error} retry={() => void refetch()} />}
      {data?.length === 0 && <Empty>{t('admin.webhooksNone')}</Empty>}
      <Stack sx={{ gap: 1.5 }} data-testid="webhooks">
        {data?.map((each) => (
          <Stack key={each.id} direction="row" sx={{ gap: 2, alignItems: 'center', flexWrap: 'wrap', borderBlockStart: 1, borderColor: 'divider', pt: 1.5 }}>
            <div style={{ flex: 1, minWidth: 220 }}>
              <Typography sx={{ overflowWrap: 'anywhere' }}>
                <Code>{each.url}</Code>
              </Typography>
              <Typography variant="body2" color="text.secondary">
                {each.events.map((name: string) => textOfCode(t, 'event', name)).join(' · ')}
              </Typography>
              {each.last_error && (
                <Typography variant="body2" color="error" dir="auto" sx={{ overflowWrap: 'anywhere' }}>
                  {t('admin.webhookFails', { count: each.failures })} <bdi>{each.last_error}</bdi>
                </Typography>
              )}
            </div>
            <Typography variant="body2">
              {t('admin.webhookWaits', { count: each.waiting })}
              {each.given_up > 0 && ` · ${t('admin.webhookGivenUp', { count: each.given_up })}`}
              <br />
              {t('admin.madeBy')} <Code>{each.made_by}</Code> · {format.date(each.made)}
            </Typography>
            <Confirm question={t('admin.webhookEndSays')} onYes={() => void gone(each.id)}>
              {(ask) => <Button size="small" color="error" onClick={ask}>{t('app.delete')}</Button>}
            </Confirm>
          </Stack>
        ))}
      </Stack>
      {adding && <NewWebhook onClose={() => setAdding(false)} onMade={(secret) => (setMade(secret), setAdding(false), void refetch())} />}
    </Panel>
  );
}

function NewWebhook({ onClose, onMade }: { onClose(): void; onMade(secret: string): void }) {
  const t = useText();
  const [url, setUrl] = useState('https://');
  const [chosen, setChosen] = useState<string[]>(['call.ended']);
  const [trouble, setTrouble] = useState<unknown>();
  function submit(event: FormEvent) {
    event.preventDefault();
    makeWebhook({ url: url.trim(), events: chosen }).then(({ secret }) => onMade(secret), setTrouble);
  }
  return (
    <Dialog open onClose={onClose} fullWidth maxWidth="sm" aria-labelledby="webhook">
      <form onSubmit={submit}>
        <DialogTitle id="webhook">{t('admin.webhookNew')}</DialogTitle>
        <DialogContent sx={{ display: 'grid', gap: 2 }}>
          <TextField label={t('admin.webhookUrl')} value={url} onChange={(event) => setUrl(event.target.value)} required autoFocus helperText={t('admin.webhookHosts')} sx={{ mt: 1 }} slotProps={{ htmlInput: { dir: 'ltr' } }} />
          <FormGroup role="group" aria-labelledby="webhook-events">
            <FormLabel id="webhook-events">{t('admin.webhookEvents')}</FormLabel>
            {events.map((each) => (
              <FormControlLabel key={each} control={<Checkbox size="small" checked={chosen.includes(each)} onChange={(_, on) => setChosen(on ? [...chosen, each] : chosen.filter((one) => one !== each))} />} label={<>{textOfCode(t, 'event', each)} <Code>{each}</Code></>} />
            ))}
          </FormGroup>
          {trouble !== undefined && <Trouble error={trouble} />}
        </DialogContent>
        <DialogActions>
          <Button onClick={onClose}>{t('app.cancel')}</Button>
          <Button type="submit" variant="contained" disabled={chosen.length === 0 || !/^https?:\/\/.+/.test(url.trim())}>
            {t('app.add')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
