import { mdiAlertOutline, mdiCheckCircleOutline, mdiCloseOctagonOutline } from '@mdi/js';
import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Skeleton from '@mui/material/Skeleton';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useQuery } from '@tanstack/react-query';
import { useFormat } from '../../app/format';
import { Icon } from '../../app/Icon';
import { Code, Figure, Panel, Trouble } from '../../app/parts/parts';
import { usePreferences } from '../../app/preferences';
import { textOfCode, useText } from '../../app/texts';
import { doctor, type Finding, health } from './api';

export function HealthPanel() {
  const t = useText();
  const format = useFormat();
  const { data, error, refetch } = useQuery({ queryKey: ['health'], queryFn: health, refetchInterval: 5000 });
  return (
    <Stack sx={{ gap: 2 }}>
      <Panel title={t('admin.health')}>
        {error && <Trouble error={error} retry={() => void refetch()} />}
        {data && (
          <>
            <Alert severity={data.status === 'ok' ? 'success' : 'error'} sx={{ mb: 2 }}>
              {t(data.status === 'ok' ? 'admin.healthy' : 'admin.unhealthy')}
            </Alert>
            <Stack direction="row" sx={{ gap: 3, flexWrap: 'wrap' }}>
              <Figure label={t('admin.liveCalls')} value={format.number(data.calls)} />
              <Figure label={t('admin.legs')} value={format.number(data.legs)} />
              <Figure label={t('admin.registered')} value={format.number(data.registered)} />
              <Figure label={t('admin.journal')} value={format.number(Number(data.journal))} />
              {data.media_workers.map((worker, index) => (
                <Figure key={index} label={t('admin.worker', { number: format.number(index + 1) })} value={t(worker.up ? 'admin.up' : 'admin.down')} hint={t('admin.ports', { ports: format.number(worker.ports_in_use) })} alarm={!worker.up} />
              ))}
            </Stack>
          </>
        )}
      </Panel>
      <DoctorPanel />
    </Stack>
  );
}

const order = { problem: 0, warning: 1, ok: 2 };
const drawn = { problem: [mdiCloseOctagonOutline, 'error.main'], warning: [mdiAlertOutline, 'warning.main'], ok: [mdiCheckCircleOutline, 'success.main'] } as const;

// What `pasokh doctor` finds on the server's machine: the worst first, each with what it means and what to do.
function DoctorPanel() {
  const t = useText();
  const { data, error, refetch, isFetching } = useQuery({ queryKey: ['doctor'], queryFn: doctor, staleTime: 60_000, retry: false });
  return (
    <Panel
      title={t('admin.doctor')}
      actions={
        <Button size="small" onClick={() => void refetch()} disabled={isFetching}>
          {t('admin.doctorAgain')}
        </Button>
      }
    >
      {error && <Trouble error={error} retry={() => void refetch()} />}
      {!data && !error && <Skeleton variant="rounded" height={180} />}
      <Stack component="ul" sx={{ listStyle: 'none', m: 0, p: 0, gap: 1.25 }} data-testid="doctor">
        {data && [...data].sort((a, b) => order[a.verdict] - order[b.verdict]).map((each) => <Found key={each.check} finding={each} />)}
      </Stack>
    </Panel>
  );
}

function Found({ finding }: { finding: Finding }) {
  const t = useText();
  const { language } = usePreferences();
  const [path, color] = drawn[finding.verdict];
  const [found, means, advice] = language === 'fa' ? [finding.found_fa, finding.means_fa, finding.advice_fa] : [finding.found, finding.means, finding.advice];
  return (
    <Stack component="li" direction="row" sx={{ gap: 1.25 }}>
      <Icon path={path} sx={{ color, mt: 0.1 }} titleAccess={t(`verdict.${finding.verdict}`)} />
      <Box sx={{ minWidth: 0 }}>
        <Typography sx={{ overflowWrap: 'anywhere' }}>
          <b>{textOfCode(t, 'check', finding.check)}</b> · <Told text={found} />
        </Typography>
        {[means, advice].filter(Boolean).map((each) => (
          <Typography key={each} variant="body2" color="text.secondary" sx={{ overflowWrap: 'anywhere' }}>
            <Told text={each} />
          </Typography>
        ))}
      </Box>
    </Stack>
  );
}

// What stands in `…` is typed as it is: a command, an address, a path.
const Told = ({ text }: { text: string }) => text.split('`').map((part, index) => (index % 2 ? <Code key={index}>{part}</Code> : part));
