// A phone is set up by its camera or by a link that opens once: nobody types a password, and none is ever shown twice.
import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import Link from '@mui/material/Link';
import Stack from '@mui/material/Stack';
import ToggleButton from '@mui/material/ToggleButton';
import ToggleButtonGroup from '@mui/material/ToggleButtonGroup';
import Typography from '@mui/material/Typography';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useFormat } from '../../app/format';
import { Code, Picture, Trouble } from '../../app/parts/parts';
import { useSay } from '../../app/parts/Toasts';
import { useText } from '../../app/texts';
import { endProvisionings, provision, type Provisioning, provisionings } from './api';

export function ProvisioningDialog({ device, onClose }: { device: string; onClose(): void }) {
  const t = useText();
  const format = useFormat();
  const say = useSay();
  const { data, error, refetch } = useQuery({ queryKey: ['provisioning', device], queryFn: () => provisionings(device), retry: false });
  const [made, setMade] = useState<Provisioning>();
  const [kind, setKind] = useState<'page' | 'linphone'>('page');
  const [trouble, setTrouble] = useState<unknown>();
  const open = data?.filter((each) => !each.opened && Date.parse(each.expires) > Date.now()) ?? [];
  const make = () => provision(device).then((answer) => (setMade(answer), setTrouble(undefined), void refetch()), setTrouble);
  const end = () => endProvisionings(device).then(() => (setMade(undefined), refetch()), say.failed);
  const url = made && (kind === 'page' ? made.url : made.linphone_url);
  return (
    <Dialog open onClose={onClose} fullWidth maxWidth="sm" aria-labelledby="provisioning">
      <DialogTitle id="provisioning">
        {t('admin.provisioning')}: <Code>{device}</Code>
      </DialogTitle>
      <DialogContent>
        <Stack sx={{ gap: 2 }}>
          <Typography>{t('admin.provisioningSays')}</Typography>
          {made && url && (
            <>
              <ToggleButtonGroup exclusive size="small" value={kind} onChange={(_, next: typeof kind | null) => next && setKind(next)} aria-label={t('admin.provisioningFor')}>
                <ToggleButton value="page">{t('admin.provisioningPage')}</ToggleButton>
                <ToggleButton value="linphone">{t('admin.provisioningLinphone')}</ToggleButton>
              </ToggleButtonGroup>
              <Box sx={{ display: 'grid', placeItems: 'center', gap: 1 }} data-testid="qr">
                <Picture svg={kind === 'page' ? made.qr : made.linphone_qr} label={t('admin.provisioningQr')} size={232} />
                <Link href={url} dir="ltr" sx={{ overflowWrap: 'anywhere', textAlign: 'center' }}>
                  {url}
                </Link>
                <Typography variant="body2" color="text.secondary">
                  {t('admin.provisioningUntil', { until: format.moment(made.expires) })}
                </Typography>
              </Box>
              <Alert severity="info">{t('admin.provisioningNew')}</Alert>
            </>
          )}
          {error && <Trouble error={error} retry={() => void refetch()} />}
          {trouble !== undefined && <Trouble error={trouble} />}
          {data && data.length > 0 && (
            <Box component="ul" sx={{ m: 0, paddingInlineStart: 2.5 }}>
              {data.slice(0, 5).map((each) => (
                <Typography key={each.id} component="li" variant="body2" color="text.secondary">
                  {format.moment(each.made)} · <Code>{each.made_by}</Code> ·{' '}
                  {each.opened ? (
                    <>
                      {t('admin.provisioningOpened')} {format.moment(each.opened)} <Code>{each.opened_from ?? ''}</Code>
                    </>
                  ) : (
                    t(Date.parse(each.expires) > Date.now() ? 'admin.provisioningOpen' : 'admin.provisioningOld')
                  )}
                </Typography>
              ))}
            </Box>
          )}
        </Stack>
      </DialogContent>
      <DialogActions>
        {open.length > 0 && (
          <Button color="error" onClick={() => void end()}>
            {t('admin.provisioningEnd')}
          </Button>
        )}
        <Button onClick={onClose}>{t('app.close')}</Button>
        <Button variant="contained" onClick={() => void make()}>
          {t('admin.provisioningMake')}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
