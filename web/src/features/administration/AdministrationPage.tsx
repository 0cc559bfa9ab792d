import Box from '@mui/material/Box';
import List from '@mui/material/List';
import ListItemButton from '@mui/material/ListItemButton';
import MenuItem from '@mui/material/MenuItem';
import TextField from '@mui/material/TextField';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { type ReactNode, useEffect, useState } from 'react';
import { PageTitle } from '../../app/parts/parts';
import { may, useMe } from '../../app/session';
import { type TextKey, useText } from '../../app/texts';
import { Alarms } from './Alarms';
import { list } from './api';
import { Audit } from './Audit';
import { CentrePanel } from './CentrePanel';
import { sheets } from './fields';
import { HealthPanel } from './HealthPanel';
import { HoursPage } from './Hours';
import { MailPanel } from './MailPanel';
import { Programs } from './Programs';
import { Prompts } from './Prompts';
import { SheetPage } from './SheetPage';
import { Users } from './Users';
import { Wizard } from './Wizard';

interface Part {
  name: string;
  label: TextKey;
  permission: string | string[]; // one of them
  draw(): ReactNode;
}

const parts: Part[] = [
  { name: 'health', label: 'admin.health', permission: 'see_settings', draw: () => <HealthPanel /> },
  { name: 'first-call', label: 'admin.wizard.title', permission: 'change_settings', draw: () => <FirstRun /> },
  ...sheets.map((sheet): Part => ({ name: sheet.noun, label: sheet.title, permission: 'see_settings', draw: () => <SheetPage key={sheet.noun} sheet={sheet} /> })),
  { name: 'prompts', label: 'admin.prompts', permission: 'see_settings', draw: () => <Prompts /> },
  { name: 'hours', label: 'admin.hours', permission: 'see_settings', draw: () => <HoursPage /> },
  { name: 'alarms', label: 'admin.alarms', permission: 'see_settings', draw: () => <Alarms /> },
  { name: 'mail', label: 'admin.mail', permission: 'see_settings', draw: () => <MailPanel /> },
  { name: 'centre', label: 'admin.centre', permission: 'see_settings', draw: () => <CentrePanel /> },
  { name: 'users', label: 'admin.users', permission: 'manage_users', draw: () => <Users /> },
  { name: 'programs', label: 'admin.programs', permission: ['make_tokens', 'manage_webhooks'], draw: () => <Programs /> },
  { name: 'audit', label: 'admin.audit', permission: 'see_audit', draw: () => <Audit /> },
];

export function AdministrationPage() {
  const t = useText();
  const me = useMe();
  const navigate = useNavigate();
  const { part: asked } = useParams({ strict: false }) as { part?: string };
  const shown = parts.filter((part) => [part.permission].flat().some((each) => may(me, each)));
  const fresh = useIsFresh();
  const name = asked ?? (fresh && may(me, 'change_settings') ? 'first-call' : 'health');
  const part = shown.find((each) => each.name === name) ?? shown[0];
  return (
    <>
      <PageTitle>{t('nav.administration')}</PageTitle>
      <Box sx={{ display: 'grid', gap: 2, gridTemplateColumns: { xs: 'minmax(0, 1fr)', md: '190px minmax(0, 1fr)' }, alignItems: 'start' }}>
        <TextField select label={t('nav.administration')} value={part?.name ?? ''} onChange={(event) => void navigate({ to: `/administration/${event.target.value}` })} sx={{ display: { md: 'none' } }}>
          {shown.map((each) => (
            <MenuItem key={each.name} value={each.name}>
              {t(each.label)}
            </MenuItem>
          ))}
        </TextField>
        <List component="nav" dense aria-label={t('nav.administration')} sx={{ display: { xs: 'none', md: 'block' }, p: 0 }}>
          {shown.map((each) => (
            <ListItemButton key={each.name} component={Link} to={`/administration/${each.name}`} selected={each.name === part?.name} sx={{ borderRadius: 2, minHeight: 40 }}>
              {t(each.label)}
            </ListItemButton>
          ))}
        </List>
        <div>{part?.draw()}</div>
      </Box>
    </>
  );
}

// Nothing is set up yet: the first page is the wizard, and stays it while it adds the first things.
function useIsFresh(): boolean {
  const { data } = useQuery({ queryKey: ['settings', 'queues'], queryFn: () => list('queues') });
  const [fresh, setFresh] = useState(false);
  useEffect(() => {
    if (data?.length === 0) setFresh(true);
  }, [data]);
  return fresh;
}

function FirstRun() {
  const [done, setDone] = useState(false);
  return done ? <HealthPanel /> : <Wizard onDone={() => setDone(true)} />;
}
