import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import { type ReactNode, useState } from 'react';
import { useText } from '../texts';

// Asked before what cannot be taken back.
export function Confirm({ question, onYes, children }: { question: ReactNode; onYes(): unknown; children(ask: () => void): ReactNode }) {
  const t = useText();
  const [open, setOpen] = useState(false);
  return (
    <>
      {children(() => setOpen(true))}
      <Dialog open={open} onClose={() => setOpen(false)} maxWidth="xs">
        <DialogContent>{question}</DialogContent>
        <DialogActions>
          <Button onClick={() => setOpen(false)}>{t('app.cancel')}</Button>
          <Button color="error" variant="contained" onClick={() => (setOpen(false), onYes())} autoFocus>
            {t('app.yes')}
          </Button>
        </DialogActions>
      </Dialog>
    </>
  );
}
