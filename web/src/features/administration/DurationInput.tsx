// A length of time as people say it, a figure and a unit; as the server keeps it: "90s", "3m", "1h".
import MenuItem from '@mui/material/MenuItem';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import { useState } from 'react';
import { inLargestUnit, latinDigits } from '../../app/format';
import { useText } from '../../app/texts';

const units = ['s', 'm', 'h'] as const;

export function DurationInput({ label, value, onChange, hint, width }: { label: string; value: string; onChange(value: string): void; hint?: string; width?: number }) {
  const t = useText();
  const [picked, setPicked] = useState<string>(); // chosen, and not yet told by the value
  const [, figure = '', told = 's'] = /^(\d*)(s|m|h)?$/.exec(picked ? value : inLargestUnit(value)) ?? [];
  const unit = picked ?? told;
  const other = value !== '' && !/^\d*(s|m|h)?$/.test(value); // "1m30s", "250ms": kept as it is until somebody types
  const put = (digits: string, of: string) => onChange(digits === '' ? '' : `${digits}${of}`);
  return (
    <Stack direction="row" sx={{ gap: 1, width }}>
      <TextField label={label} value={other ? value : figure} helperText={hint} onChange={(event) => (setPicked(unit), put(latinDigits(event.target.value).replace(/\D/g, ''), unit))} sx={{ flex: 1 }} slotProps={{ htmlInput: { dir: 'ltr', inputMode: 'numeric', maxLength: 6 } }} />
      <TextField select value={unit} onChange={(event) => (setPicked(event.target.value), put(figure, event.target.value))} sx={{ width: 128 }} slotProps={{ htmlInput: { 'aria-label': `${label}: ${t('admin.unit')}` } }}>
        {units.map((each) => (
          <MenuItem key={each} value={each}>
            {t(`unit.${each}`)}
          </MenuItem>
        ))}
      </TextField>
    </Stack>
  );
}
