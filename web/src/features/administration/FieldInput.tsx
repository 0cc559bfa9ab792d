import Autocomplete from '@mui/material/Autocomplete';
import FormControlLabel from '@mui/material/FormControlLabel';
import MenuItem from '@mui/material/MenuItem';
import Switch from '@mui/material/Switch';
import TextField from '@mui/material/TextField';
import { useQuery } from '@tanstack/react-query';
import { latinDigits } from '../../app/format';
import { textOfCode, useText } from '../../app/texts';
import { list, prompts } from './api';
import { DurationInput } from './DurationInput';
import { type Field, sheets } from './fields';

export function FieldInput({ field, value, onChange }: { field: Field; value: unknown; onChange(value: unknown): void }) {
  const t = useText();
  const hint = field.hint && t(field.hint);
  const label = t(field.label);
  const text = String(value ?? '');
  if (typeof field.kind === 'object' && 'of' in field.kind) return <Reference field={field} of={field.kind.of} many={field.kind.many === true} value={value} onChange={onChange} />;
  if (typeof field.kind === 'object')
    return (
      <TextField select label={label} value={field.kind.choices.includes(text) ? text : ''} onChange={(event) => onChange(event.target.value)} helperText={hint}>
        {field.kind.choices.map((each) => (
          <MenuItem key={each} value={each}>
            {textOfCode(t, 'choice', each)}
          </MenuItem>
        ))}
      </TextField>
    );
  if (field.kind === 'switch') return <FormControlLabel control={<Switch checked={value === true || value === 'on'} onChange={(_, on) => onChange(on)} />} label={hint ? `${label} (${hint})` : label} />;
  if (field.kind === 'number') return <TextField label={label} value={text} onChange={(event) => onChange(Number(latinDigits(event.target.value).replace(/[^0-9-]/g, '')) || 0)} helperText={hint} slotProps={{ htmlInput: { dir: 'ltr', inputMode: 'numeric' } }} />;
  if (field.kind === 'duration') return <DurationInput label={label} value={text} onChange={onChange} hint={hint} />;
  if (field.kind === 'long') return <TextField label={label} value={text} onChange={(event) => onChange(event.target.value)} helperText={hint} multiline minRows={4} slotProps={{ htmlInput: { dir: 'auto' } }} />;
  if (field.kind === 'secret') return <TextField label={label} type="password" autoComplete="new-password" value={text} onChange={(event) => onChange(event.target.value)} helperText={hint} slotProps={{ htmlInput: { dir: 'ltr' } }} />;
  if (field.kind === 'music' || field.kind === 'prompt' || field.kind === 'closed') return <PromptReference field={field} music={field.kind === 'music'} value={text} onChange={onChange} />;
  return <TextField label={label} value={text} onChange={(event) => onChange(field.kind === 'code' ? latinDigits(event.target.value) : event.target.value)} helperText={hint} slotProps={{ htmlInput: { dir: field.kind === 'code' ? 'ltr' : 'auto' } }} />;
}

function Reference({ field, of, many, value, onChange }: { field: Field; of: (typeof sheets)[number]['noun']; many: boolean; value: unknown; onChange(value: unknown): void }) {
  const t = useText();
  const { data } = useQuery({ queryKey: ['settings', of], queryFn: () => list(of), retry: false });
  const key = sheets.find((each) => each.noun === of)?.key ?? 'code';
  const codes = data?.map((row) => String(row[key])) ?? [];
  const hint = field.hint && t(field.hint);
  if (many) return <Autocomplete multiple options={codes} value={(value as string[] | undefined) ?? []} onChange={(_, next) => onChange(next)} renderInput={(params) => <TextField {...params} label={t(field.label)} helperText={hint} />} />;
  return <Autocomplete options={codes} value={typeof value === 'string' && value !== '' ? value : null} onChange={(_, next) => onChange(next ?? '')} renderInput={(params) => <TextField {...params} label={t(field.label)} helperText={hint} />} />;
}

// A prompt by name, offered from those that are there; what is said when closed may be a queue or a number as well.
function PromptReference({ field, music, value, onChange }: { field: Field; music: boolean; value: string; onChange(value: unknown): void }) {
  const t = useText();
  const { data } = useQuery({ queryKey: ['settings', 'prompts'], queryFn: prompts, retry: false });
  const names = [...new Set(data?.filter((each) => (each.language === 'music') === music && (music || each.own || (field.kind === 'closed' ? ['closed'] : ['welcome', 'please_wait']).includes(each.name))).map((each) => each.name))];
  return <Autocomplete freeSolo options={names} value={value} onInputChange={(_, next) => next !== value && onChange(latinDigits(next))} renderInput={(params) => <TextField {...params} label={t(field.label)} helperText={field.hint && t(field.hint)} />} />;
}
