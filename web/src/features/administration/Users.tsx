import { mdiDotsVertical } from '@mdi/js';
import Alert from '@mui/material/Alert';
import Button from '@mui/material/Button';
import IconButton from '@mui/material/IconButton';
import Menu from '@mui/material/Menu';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import MenuItem from '@mui/material/MenuItem';
import Select from '@mui/material/Select';
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
import { Icon } from '../../app/Icon';
import { Confirm } from '../../app/parts/Confirm';
import { Code, Panel, Trouble } from '../../app/parts/parts';
import { useSay } from '../../app/parts/Toasts';
import { type Role, useMe } from '../../app/session';
import { textOfCode, useText } from '../../app/texts';
import { addUser, changeUser, dropSecondFactor, endSessionsOf, removeUser, resetPassword, users } from './api';

const roles: Role[] = ['agent', 'supervisor', 'coach', 'planner', 'hiring', 'administrator'];

export function Users() {
  const t = useText();
  const format = useFormat();
  const say = useSay();
  const me = useMe();
  const { data, error, refetch } = useQuery({ queryKey: ['users'], queryFn: users });
  const [adding, setAdding] = useState(false);
  const [given, setGiven] = useState<{ login: string; password: string }>();
  const act = (what: Promise<unknown>) => what.then(() => refetch(), say.failed);
  return (
    <Panel
      title={t('admin.users')}
      actions={
        <Button variant="contained" onClick={() => setAdding(true)}>
          {t('app.add')}
        </Button>
      }
    >
      {given && (
        <Alert severity="success" onClose={() => setGiven(undefined)} sx={{ mb: 2 }}>
          {t('admin.passwordGiven')} <Code>{given.login}</Code>:{' '}
          <Typography component="b" sx={{ userSelect: 'all', fontWeight: 700 }}>
            <Code>{given.password}</Code>
          </Typography>
        </Alert>
      )}
      {error && <Trouble error={error} retry={() => void refetch()} />}
      <TableContainer>
        <Table size="small" data-testid="users">
          <TableHead>
            <TableRow>
              <TableCell>{t('admin.login')}</TableCell>
              <TableCell>{t('admin.role')}</TableCell>
              <TableCell>{t('field.agent')}</TableCell>
              <TableCell>{t('admin.created')}</TableCell>
              <TableCell />
            </TableRow>
          </TableHead>
          <TableBody>
            {data?.map((user) => (
              <TableRow key={user.login} hover>
                <TableCell component="th" scope="row">
                  <Code>{user.login}</Code>
                </TableCell>
                <TableCell>
                  <Select variant="standard" value={user.role} disabled={user.login === me.login} onChange={(event) => void act(changeUser(user.login, { role: event.target.value as Role }))} inputProps={{ 'aria-label': `${t('admin.role')}: ${user.login}` }}>
                    {roles.map((role) => (
                      <MenuItem key={role} value={role}>
                        {textOfCode(t, 'role', role)}
                      </MenuItem>
                    ))}
                  </Select>
                </TableCell>
                <TableCell>{user.agent && <Code>{user.agent}</Code>}</TableCell>
                <TableCell>{format.date(user.created)}</TableCell>
                <TableCell align="right" padding="checkbox">
                  <UserMenu
                    login={user.login}
                    own={user.login === me.login}
                    onPassword={() => void resetPassword(user.login).then(setGiven, say.failed)}
                    onSessions={() => void endSessionsOf(user.login).then(() => say.done(t('admin.sessionsEnded')), say.failed)}
                    onFactor={() => void dropSecondFactor(user.login).then(() => say.done(t('admin.factorDropped')), say.failed)}
                    onGone={() => void act(removeUser(user.login))}
                  />
                </TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
      </TableContainer>
      {adding && <AddUser onClose={() => setAdding(false)} onAdded={(made) => (setGiven(made), void refetch())} />}
    </Panel>
  );
}

function AddUser({ onClose, onAdded }: { onClose(): void; onAdded(given: { login: string; password: string }): void }) {
  const t = useText();
  const [login, setLogin] = useState('');
  const [role, setRole] = useState<Role>('agent');
  const [agent, setAgent] = useState('');
  const [trouble, setTrouble] = useState<unknown>();
  function submit(event: FormEvent) {
    event.preventDefault();
    addUser({ login: login.trim(), role, ...(agent.trim() ? { agent: agent.trim() } : {}) }).then((given) => (onAdded(given), onClose()), setTrouble);
  }
  return (
    <Dialog open onClose={onClose} fullWidth maxWidth="xs" aria-labelledby="add-user">
      <form onSubmit={submit}>
        <DialogTitle id="add-user">{t('admin.addUser')}</DialogTitle>
        <DialogContent sx={{ display: 'grid', gap: 2 }}>
          <TextField label={t('admin.login')} value={login} onChange={(event) => setLogin(event.target.value)} required autoFocus sx={{ mt: 1 }} slotProps={{ htmlInput: { dir: 'ltr' } }} />
          <TextField select label={t('admin.role')} value={role} onChange={(event) => setRole(event.target.value as Role)}>
            {roles.map((each) => (
              <MenuItem key={each} value={each}>
                {textOfCode(t, 'role', each)}
              </MenuItem>
            ))}
          </TextField>
          <TextField label={t('admin.agentCode')} value={agent} onChange={(event) => setAgent(event.target.value)} slotProps={{ htmlInput: { dir: 'ltr' } }} />
          {trouble !== undefined && <Trouble error={trouble} />}
        </DialogContent>
        <DialogActions>
          <Button onClick={onClose}>{t('app.cancel')}</Button>
          <Button type="submit" variant="contained" disabled={login.trim() === ''}>
            {t('app.add')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

// What is done with one person; what cannot be taken back is asked first.
function UserMenu({ login, own, onPassword, onSessions, onFactor, onGone }: { login: string; own: boolean; onPassword(): void; onSessions(): void; onFactor(): void; onGone(): void }) {
  const t = useText();
  const [anchor, setAnchor] = useState<HTMLElement>();
  const close = () => setAnchor(undefined);
  return (
    <Confirm question={t('admin.deleteSays', { code: login })} onYes={onGone}>
      {(askGone) => (
        <Confirm question={t('admin.dropFactorSays', { login })} onYes={onFactor}>
          {(askFactor) => (
            <>
              <IconButton size="small" aria-label={`${t('app.actions')}: ${login}`} aria-haspopup="menu" onClick={(event) => setAnchor(event.currentTarget)}>
                <Icon path={mdiDotsVertical} fontSize="small" />
              </IconButton>
              <Menu open={anchor !== undefined} anchorEl={anchor} onClose={close}>
                <MenuItem onClick={() => (close(), onPassword())}>{t('admin.newPassword')}</MenuItem>
                <MenuItem onClick={() => (close(), onSessions())}>{t('admin.endSessions')}</MenuItem>
                <MenuItem onClick={() => (close(), askFactor())}>{t('admin.dropFactor')}</MenuItem>
                {!own && (
                  <MenuItem onClick={() => (close(), askGone())} sx={{ color: 'error.main' }}>
                    {t('app.delete')}
                  </MenuItem>
                )}
              </Menu>
            </>
          )}
        </Confirm>
      )}
    </Confirm>
  );
}
