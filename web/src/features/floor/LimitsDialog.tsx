import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import TextField from '@mui/material/TextField';
import { useState } from 'react';
import { useText } from '../../app/texts';
import type { Limits } from './limits';

export function LimitsDialog({ limits, onSave, onClose }: { limits: Limits; onSave(limits: Limits): void; onClose(): void }) {
  const t = useText();
  const [draft, setDraft] = useState(limits);
  return (
    <Dialog open onClose={onClose} aria-labelledby="limits" fullWidth maxWidth="xs">
      <DialogTitle id="limits">{t('floor.limits')}</DialogTitle>
      <DialogContent sx={{ display: 'grid', gap: 2 }}>
        {(['wait', 'waiting', 'service', 'pause', 'wrapUp'] as const).map((name) => (
          <TextField key={name} type="number" label={t(`floor.limit.${name}`)} value={draft[name]} onChange={(event) => setDraft({ ...draft, [name]: Math.max(0, Number(event.target.value)) })} sx={{ mt: 1 }} />
        ))}
      </DialogContent>
      <DialogActions>
        <Button onClick={onClose}>{t('app.cancel')}</Button>
        <Button variant="contained" onClick={() => (onSave(draft), onClose())}>
          {t('app.save')}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
