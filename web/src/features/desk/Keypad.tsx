import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import Typography from '@mui/material/Typography';
import { useEffect, useState } from 'react';
import { latinDigits, useFormat } from '../../app/format';
import { useText } from '../../app/texts';

const keys = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'];

export function Keypad({ onDigit, onClose }: { onDigit(digit: string): void; onClose(): void }) {
  const t = useText();
  const format = useFormat();
  const [sent, setSent] = useState('');
  const press = (digit: string) => {
    onDigit(digit);
    setSent((before) => before + digit);
  };
  useEffect(() => {
    const typed = (event: KeyboardEvent) => {
      const digit = latinDigits(event.key);
      if (keys.includes(digit)) press(digit);
    };
    window.addEventListener('keydown', typed);
    return () => window.removeEventListener('keydown', typed);
  });
  return (
    <Dialog open onClose={onClose} aria-labelledby="keypad">
      <DialogTitle id="keypad">{t('desk.keypad')}</DialogTitle>
      <DialogContent>
        <Typography dir="ltr" aria-live="polite" sx={{ textAlign: 'center', minHeight: 32, fontSize: '1.3rem' }}>
          {format.digits(sent)}
        </Typography>
        <div dir="ltr" style={{ display: 'grid', gridTemplateColumns: 'repeat(3, 72px)', gap: 8 }}>
          {keys.map((digit) => (
            <Button key={digit} variant="outlined" size="large" onClick={() => press(digit)} sx={{ fontSize: '1.3rem' }}>
              {format.digits(digit)}
            </Button>
          ))}
        </div>
      </DialogContent>
    </Dialog>
  );
}
