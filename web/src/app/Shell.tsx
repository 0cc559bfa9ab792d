// The frame around every page of somebody who is signed in: where one can go, whether the line to the server is live, the phone.
import { mdiAccountBoxOutline, mdiAccountCircleOutline, mdiArchiveOutline, mdiChartBoxOutline, mdiCogOutline, mdiHeadset, mdiKeyboardOutline, mdiMonitorDashboard, mdiThemeLightDark, mdiTranslate } from '@mdi/js';
import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import ButtonBase from '@mui/material/ButtonBase';
import IconButton from '@mui/material/IconButton';
import Tooltip from '@mui/material/Tooltip';
import Typography from '@mui/material/Typography';
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useState } from 'react';
import { ErrorBoundary } from './ErrorBoundary';
import { Icon } from './Icon';
import { useActions } from './keys';
import { alarmText, seen } from './alarms';
import { useConnection, useStanding, useStatus } from './live/hooks';
import { useNames } from './parts/Names';
import { useSay } from './parts/Toasts';
import { prefer, usePreferences } from './preferences';
import { may, type Me, useMe } from './session';
import { type TextKey, useText } from './texts';

const Phone = lazy(() => import('../features/phone/PhoneBar').then((module) => ({ default: module.PhoneBar })));
const Shortcuts = lazy(() => import('./Shortcuts').then((module) => ({ default: module.Shortcuts })));

interface Place {
  to: '/desk' | '/floor' | '/archive' | '/reports' | '/contacts' | '/administration';
  label: TextKey;
  icon: string;
  shown(me: Me): boolean;
}
const places: Place[] = [
  { to: '/desk', label: 'nav.desk', icon: mdiHeadset, shown: (me) => may(me, 'work_own_calls') && me.agent !== '' },
  { to: '/floor', label: 'nav.floor', icon: mdiMonitorDashboard, shown: (me) => may(me, 'see_floor') },
  { to: '/archive', label: 'nav.archive', icon: mdiArchiveOutline, shown: (me) => may(me, 'see_recordings') },
  { to: '/reports', label: 'nav.reports', icon: mdiChartBoxOutline, shown: (me) => may(me, 'see_reports') },
  { to: '/contacts', label: 'nav.contacts', icon: mdiAccountBoxOutline, shown: (me) => may(me, 'work_on_records') },
  { to: '/administration', label: 'nav.administration', icon: mdiCogOutline, shown: (me) => may(me, 'see_settings') },
];

export function Shell() {
  const me = useMe();
  const connection = useConnection();
  const navigate = useNavigate();
  const [help, setHelp] = useState(false);
  const full = useRouterState({ select: (state) => state.location.searchStr.includes('big=true') });
  useEffect(() => connection.start(), [connection, me.login]);
  const shown = me.must_change_password ? [] : places.filter((place) => place.shown(me));
  useActions([
    { key: 'Slash', label: 'app.shortcuts', allowed: true, run: () => setHelp(true) },
    ...shown.map((place, index) => ({ key: `Alt+Digit${index + 1}`, label: place.label, allowed: true, run: () => void navigate({ to: place.to }) })),
  ]);
  const page = (
    <ErrorBoundary>
      <Suspense fallback={null}>
        <Outlet />
      </Suspense>
    </ErrorBoundary>
  );
  if (full) return <Box component="main">{page}</Box>;
  return (
    <Box sx={{ display: 'grid', height: '100dvh', gridTemplateColumns: { xs: 'minmax(0, 1fr)', md: 'auto minmax(0, 1fr)' }, gridTemplateRows: { xs: 'auto auto minmax(0, 1fr) auto', md: 'auto auto minmax(0, 1fr)' }, gridTemplateAreas: { xs: '"top" "told" "main" "nav"', md: '"nav top" "nav told" "nav main"' } }}>
      <TopBar me={me} onHelp={() => setHelp(true)} />
      <Navigation places={shown} />
      <LineTrouble mayDirect={may(me, 'direct_floor')} />
      <Box component="main" id="main" tabIndex={-1} sx={{ gridArea: 'main', overflow: 'auto', px: { xs: 1.5, md: 2.5 }, py: { xs: 1.5, md: 1.75 }, minWidth: 0 }}>
        {page}
      </Box>
      <Suspense fallback={null}>{help && <Shortcuts onClose={() => setHelp(false)} />}</Suspense>
    </Box>
  );
}

function Navigation({ places: shown }: { places: Place[] }) {
  const t = useText();
  if (shown.length === 0) return null;
  return (
    <Box component="nav" aria-label={t('app.navigation')} sx={{ gridArea: 'nav', bgcolor: 'background.paper', borderColor: 'divider', borderStyle: 'solid', borderWidth: 0, borderInlineEndWidth: { md: 1 }, borderBlockStartWidth: { xs: 1, md: 0 }, display: 'flex', flexDirection: { xs: 'row', md: 'column' }, gap: 0.5, p: 1, overflowX: 'auto', justifyContent: { xs: 'space-around', md: 'flex-start' } }}>
      <Box component="img" src="/mark.svg" alt={t('app.name')} sx={{ inlineSize: 34, alignSelf: 'center', mb: 1.5, mt: 0.5, display: { xs: 'none', md: 'block' } }} />
      {shown.map((place) => (
        <ButtonBase
          key={place.to}
          component={Link}
          to={place.to}
          activeProps={{ 'aria-current': 'page' }}
          sx={{ flexDirection: 'column', gap: 0.25, px: 1, py: 0.9, minWidth: 68, borderRadius: 2, color: 'text.secondary', '&:hover': { bgcolor: 'action.hover' }, '&[aria-current=page]': { color: 'primary.main', bgcolor: 'action.selected' } }}
        >
          <Icon path={place.icon} />
          <Typography variant="caption" sx={{ fontWeight: 700 }} noWrap>
            {t(place.label)}
          </Typography>
        </ButtonBase>
      ))}
    </Box>
  );
}

function TopBar({ me, onHelp }: { me: Me; onHelp(): void }) {
  const t = useText();
  return (
    <Box component="header" sx={{ gridArea: 'top', display: 'flex', alignItems: 'center', gap: 0.5, px: 1.5, minHeight: 52, bgcolor: 'background.paper', borderBlockEnd: 1, borderColor: 'divider', flexWrap: 'wrap' }}>
      <Line />
      <Box sx={{ flex: 1, minWidth: 0, px: 1 }}>
        {me.agent && !me.must_change_password && (
          <ErrorBoundary>
            <Suspense fallback={null}>
              <Phone agent={me.agent} />
            </Suspense>
          </ErrorBoundary>
        )}
      </Box>
      <Tooltip title={t('app.shortcuts')}>
        <IconButton onClick={onHelp} aria-label={t('app.shortcuts')} sx={{ display: { xs: 'none', sm: 'inline-flex' } }}>
          <Icon path={mdiKeyboardOutline} />
        </IconButton>
      </Tooltip>
      <SchemeSwitch />
      <LanguageSwitch />
      <Tooltip title={t('nav.account')}>
        <IconButton component={Link} to="/account" aria-label={`${t('nav.account')}: ${me.login}`}>
          <Icon path={mdiAccountCircleOutline} />
        </IconButton>
      </Tooltip>
    </Box>
  );
}

// One switch: language, direction, digits and calendar go together; the calendar alone can be changed in the account.
export function LanguageSwitch() {
  const { language } = usePreferences();
  const t = useText();
  const other = language === 'fa' ? 'en' : 'fa';
  const name = other === 'fa' ? 'فارسی' : 'English';
  return (
    <Tooltip title={name}>
      <IconButton onClick={() => prefer({ language: other, calendar: other === 'fa' ? 'jalali' : 'gregorian' })} aria-label={`${t('app.language')}: ${name}`} data-testid="language">
        <Icon path={mdiTranslate} />
      </IconButton>
    </Tooltip>
  );
}

function SchemeSwitch() {
  const { scheme } = usePreferences();
  const t = useText();
  const next = scheme === 'system' ? 'dark' : scheme === 'dark' ? 'light' : 'system';
  return (
    <Tooltip title={t(`app.scheme.${scheme}`)}>
      <IconButton onClick={() => prefer({ scheme: next })} aria-label={t('app.scheme')}>
        <Icon path={mdiThemeLightDark} />
      </IconButton>
    </Tooltip>
  );
}

const lineColours = { live: 'success.main', connecting: 'warning.main', polling: 'warning.main', off: 'text.disabled' } as const;

function Line() {
  const t = useText();
  const status = useStatus();
  return (
    <Box role="status" sx={{ display: 'flex', alignItems: 'center', gap: 0.75, fontSize: 13, color: 'text.secondary', whiteSpace: 'nowrap' }}>
      <Box component="span" aria-hidden sx={{ inlineSize: 9, blockSize: 9, borderRadius: '50%', bgcolor: lineColours[status] }} />
      {t(`line.${status}`)}
    </Box>
  );
}

const alarms_in_sight = 3;

// Above every page: that the line is cut, and the alarms nobody has seen yet.
function LineTrouble({ mayDirect }: { mayDirect: boolean }) {
  const t = useText();
  const say = useSay();
  const status = useStatus();
  const connection = useConnection();
  const unseen = useStanding().filter((each) => !each.seen_by);
  const { language } = usePreferences();
  const names = useNames();
  return (
    <Box component="section" aria-label={t('app.told')} sx={{ gridArea: 'told', minWidth: 0, px: { xs: 1.5, md: 2.5 }, display: 'flex', flexWrap: 'wrap', gap: 0.75, '&:not(:empty)': { pt: 1 }, '& > *': { flex: '1 1 340px', minWidth: 0, py: 0 } }}>
      {status === 'polling' && (
        <Alert severity="warning" sx={{ flexBasis: '100% !important' }}>
          {t('line.pollingSays')}
        </Alert>
      )}
      {unseen.slice(0, alarms_in_sight).map((alarm) => (
        <Alert key={alarm.id} severity="error" data-testid="alarm" data-code={alarm.code} action={mayDirect && <Button color="inherit" size="small" onClick={() => void seen(alarm.id).then((row) => connection.noteAlarm({ ...alarm, ...row }), say.failed)}>{t('app.seen')}</Button>}>
          <bdi className="told">{alarmText(alarm, language, names.queue)}</bdi>
        </Alert>
      ))}
      {unseen.length > alarms_in_sight && (
        <Link to="/alarms" style={{ color: 'inherit', flexBasis: '100%' }}>
          {t('app.moreAlarms', { count: unseen.length - alarms_in_sight })}
        </Link>
      )}
    </Box>
  );
}
