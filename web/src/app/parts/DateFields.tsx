// Dates in the calendar of choice. Everything here is fetched only where a date is asked for.
import { LocalizationProvider } from '@mui/x-date-pickers';
import { AdapterDateFns } from '@mui/x-date-pickers/AdapterDateFns';
import { AdapterDateFnsJalali } from '@mui/x-date-pickers/AdapterDateFnsJalali';
import { DatePicker } from '@mui/x-date-pickers/DatePicker';
import { DateTimePicker } from '@mui/x-date-pickers/DateTimePicker';
import { enUS, faIR } from '@mui/x-date-pickers/locales';
import { enGB } from 'date-fns/locale/en-GB';
import { faIR as fa } from 'date-fns-jalali/locale/fa-IR';
import type { ReactNode } from 'react';
import { usePreferences } from '../preferences';

function InCalendar({ children }: { children: ReactNode }) {
  const { calendar, language } = usePreferences();
  const texts = (language === 'fa' ? faIR : enUS).components.MuiLocalizationProvider.defaultProps.localeText;
  return calendar === 'jalali' ? (
    <LocalizationProvider key="jalali" dateAdapter={AdapterDateFnsJalali} adapterLocale={fa} localeText={texts}>
      {children}
    </LocalizationProvider>
  ) : (
    <LocalizationProvider key="gregorian" dateAdapter={AdapterDateFns} adapterLocale={enGB} localeText={texts}>
      {children}
    </LocalizationProvider>
  );
}

// value: RFC 3339, or empty
export function MomentField({ label, value, onChange, future }: { label: string; value: string; onChange(value: string): void; future?: boolean }) {
  const { calendar } = usePreferences();
  return (
    <InCalendar>
      <DateTimePicker key={calendar} label={label} ampm={false} disablePast={future} value={value ? new Date(value) : null} onChange={(date) => onChange(date && !Number.isNaN(date.getTime()) ? date.toISOString() : '')} slotProps={{ textField: { size: 'small', fullWidth: true } }} />
    </InCalendar>
  );
}

// value: a Gregorian day, 2026-11-24, or empty; the server reads it in the centre's time zone
export function DayField({ label, value, onChange }: { label: string; value: string; onChange(value: string): void }) {
  const { calendar } = usePreferences();
  const two = (part: number) => String(part).padStart(2, '0');
  return (
    <InCalendar>
      <DatePicker key={calendar} label={label} value={value ? new Date(`${value}T12:00:00`) : null} onChange={(date) => onChange(date && !Number.isNaN(date.getTime()) ? `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}` : '')} slotProps={{ textField: { size: 'small', sx: { flex: { xs: '1 1 140px', sm: '0 0 auto' }, width: { sm: 170 } } }, field: { clearable: true } }} />
    </InCalendar>
  );
}
