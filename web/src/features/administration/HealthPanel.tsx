import Alert from '@mui/material/Alert';
import Stack from '@mui/material/Stack';
import { useQuery } from '@tanstack/react-query';
import { useFormat } from '../../app/format';
import { Figure, Panel, Trouble } from '../../app/parts/parts';
import { useText } from '../../app/texts';
import { health } from './api';

export function HealthPanel() {
  const t = useText();
  const format = useFormat();
  const { data, error, refetch } = useQuery({ queryKey: ['health'], queryFn: health, refetchInterval: 5000 });
  return (
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
  );
}
