// The way out for reports and alarms: whether a mail server is set, a letter to try it, and what became of each letter.
import Alert from '@mui/material/Alert';
import Button from '@mui/material/Button';
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
import { useFormat } from '../../app/format';
import { Code, Empty, Panel, Trouble } from '../../app/parts/parts';
import { useSay } from '../../app/parts/Toasts';
import { useMay } from '../../app/session';
import { textOfCode, useText } from '../../app/texts';
import { dropMail, mails, mailServer, retryMail, testMail } from './api';

export function MailPanel() {
  const t = useText();
  const say = useSay();
  const mayChange = useMay('change_settings');
  const { data: server, error, refetch } = useQuery({ queryKey: ['mail-server'], queryFn: mailServer });
  const [to, setTo] = useState('');
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<unknown>();
  function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setTrouble(undefined);
    testMail(to.trim())
      .then(() => say.done(t('admin.mailTested')), setTrouble)
      .finally(() => setBusy(false));
  }
  return (
    <Stack sx={{ gap: 2 }}>
      <Panel title={t('admin.mail')}>
        {error && <Trouble error={error} retry={() => void refetch()} />}
        {server && (server.on ? <Alert severity="success">{t('admin.mailOn')} <Code>{`${server.host}:${server.port}`}</Code> · <Code>{server.security ?? ''}</Code> · {t('admin.mailFrom')} <Code>{server.from ?? ''}</Code></Alert> : <Alert severity="info">{t('admin.mailOff')}</Alert>)}
        {server?.on && mayChange && (
          <Stack component="form" direction="row" onSubmit={submit} sx={{ gap: 1, mt: 2, flexWrap: 'wrap' }}>
            <TextField type="email" label={t('admin.mailTo')} value={to} onChange={(event) => setTo(event.target.value)} required sx={{ flex: 1, minWidth: 220, maxWidth: 420 }} slotProps={{ htmlInput: { dir: 'ltr' } }} />
            <Button type="submit" variant="outlined" disabled={busy || to.trim() === ''}>
              {t('admin.mailTest')}
            </Button>
          </Stack>
        )}
        {trouble !== undefined && <Trouble error={trouble} />}
      </Panel>
      <Letters />
    </Stack>
  );
}

function Letters() {
  const t = useText();
  const format = useFormat();
  const say = useSay();
  const mayChange = useMay('change_settings');
  const { data, error, refetch } = useQuery({ queryKey: ['mails'], queryFn: mails, refetchInterval: 5000 });
  const act = (what: Promise<unknown>) => void what.then(() => refetch(), say.failed);
  return (
    <Panel title={t('admin.letters')}>
      {error && <Trouble error={error} retry={() => void refetch()} />}
      {data?.length === 0 && <Empty>{t('admin.lettersNone')}</Empty>}
      {data && data.length > 0 && (
        <TableContainer>
          <Table size="small" data-testid="letters">
            <TableHead>
              <TableRow>
                {(['field.time', 'admin.letter', 'admin.recipients', 'field.state'] as const).map((key) => (
                  <TableCell key={key}>{t(key)}</TableCell>
                ))}
                <TableCell />
              </TableRow>
            </TableHead>
            <TableBody>
              {data.map((each) => (
                <TableRow key={each.id} hover data-state={each.state}>
                  <TableCell sx={{ whiteSpace: 'nowrap' }}>{format.moment(each.made)}</TableCell>
                  <TableCell>
                    {textOfCode(t, 'letter', each.kind)}
                    <Typography variant="body2" color="text.secondary" dir="auto">
                      {each.subject}
                    </Typography>
                  </TableCell>
                  <TableCell>
                    <Code>{each.to.join(', ')}</Code>
                  </TableCell>
                  <TableCell>
                    {textOfCode(t, 'letterState', each.state)} {each.sent_at && format.time(each.sent_at)}
                    {each.error && (
                      <Typography variant="body2" color="error" dir="auto">
                        {each.error}
                      </Typography>
                    )}
                  </TableCell>
                  <TableCell sx={{ whiteSpace: 'nowrap' }} align="right">
                    {mayChange && each.state !== 'sent' && <Button size="small" onClick={() => act(retryMail(each.id))}>{t('app.again')}</Button>}
                    {mayChange && each.state === 'waiting' && <Button size="small" color="error" onClick={() => act(dropMail(each.id))}>{t('app.delete')}</Button>}
                  </TableCell>
                </TableRow>
              ))}
            </TableBody>
          </Table>
        </TableContainer>
      )}
    </Panel>
  );
}
