import Button from '@mui/material/Button';
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
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useFormat } from '../../app/format';
import { useConnection } from '../../app/live/hooks';
import { Code, PageTitle, Panel, Trouble } from '../../app/parts/parts';
import { useSay } from '../../app/parts/Toasts';
import { type Calendar, prefer, usePreferences } from '../../app/preferences';
import { useMe } from '../../app/session';
import { textOfCode, useText } from '../../app/texts';
import { endSession, sessions, signOut, signOutEverywhere } from './api';
import { PasswordForm } from './PasswordPage';
import { SecondFactor } from './SecondFactor';

export function AccountPage() {
  const t = useText();
  const me = useMe();
  const { calendar } = usePreferences();
  const leave = useLeave();
  return (
    <>
      <PageTitle
        actions={
          <Button variant="contained" onClick={() => void leave(signOut)}>
            {t('session.signOut')}
          </Button>
        }
      >
        <Code>{me.login}</Code> · {textOfCode(t, 'role', me.role)}
      </PageTitle>
      <Stack sx={{ gap: 2 }}>
        <Panel title={t('session.calendar')}>
          <TextField select label={t('session.calendar')} value={calendar} onChange={(event) => prefer({ calendar: event.target.value as Calendar })} sx={{ minWidth: 200 }}>
            <MenuItem value="jalali">{t('session.calendar.jalali')}</MenuItem>
            <MenuItem value="gregorian">{t('session.calendar.gregorian')}</MenuItem>
          </TextField>
        </Panel>
        <SecondFactor />
        <Panel title={t('session.change')}>
          <PasswordForm onDone={() => undefined} />
        </Panel>
        <Sessions leave={leave} />
      </Stack>
    </>
  );
}

function useLeave() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const connection = useConnection();
  const say = useSay();
  return async (act: () => Promise<unknown>) => {
    connection.leaving = true;
    try {
      await act();
      connection.stop();
      client.clear();
      await navigate({ to: '/sign-in' });
    } catch (error) {
      connection.leaving = false;
      say.failed(error);
    }
  };
}

function Sessions({ leave }: { leave(act: () => Promise<unknown>): Promise<void> }) {
  const t = useText();
  const format = useFormat();
  const say = useSay();
  const { data, error, refetch } = useQuery({ queryKey: ['sessions'], queryFn: sessions });
  const end = (session: string) => endSession(session).then(() => refetch()).catch(say.failed);
  return (
    <Panel
      title={t('session.sessions')}
      actions={
        <Button color="error" variant="outlined" onClick={() => void leave(signOutEverywhere)}>
          {t('session.everywhere')}
        </Button>
      }
    >
      {error && <Trouble error={error} retry={() => void refetch()} />}
      <TableContainer>
        <Table size="small">
          <TableHead>
            <TableRow>
              <TableCell>{t('session.lastUsed')}</TableCell>
              <TableCell>{t('session.address')}</TableCell>
              <TableCell>{t('app.actions')}</TableCell>
            </TableRow>
          </TableHead>
          <TableBody>
            {data?.slice(0, 20).map((each) => (
              <TableRow key={each.id}>
                <TableCell>{format.moment(each.last_used)}</TableCell>
                <TableCell>
                  <Code>{each.address}</Code>
                  <Typography variant="caption" color="text.secondary" component="div" dir="ltr" noWrap sx={{ maxWidth: 280 }}>
                    {each.program}
                  </Typography>
                </TableCell>
                <TableCell>
                  {each.current ? (
                    t('session.here')
                  ) : (
                    <Button size="small" onClick={() => void end(each.id)}>
                      {t('session.end')}
                    </Button>
                  )}
                </TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
      </TableContainer>
    </Panel>
  );
}
