import { mdiDeleteOutline, mdiPlus } from '@mdi/js';
import Button from '@mui/material/Button';
import IconButton from '@mui/material/IconButton';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import { type FormEvent, useState } from 'react';
import { latinDigits } from '../../app/format';
import { Icon } from '../../app/Icon';
import type { Contact } from '../../app/records';
import { useText } from '../../app/texts';

export type Draft = Omit<Contact, 'id'>;

export function ContactForm({ contact, onSave }: { contact?: Contact; onSave(draft: Draft): Promise<void> }) {
  const t = useText();
  const [draft, setDraft] = useState<Draft>({ name: contact?.name ?? '', organisation: contact?.organisation ?? '', note: contact?.note ?? '', numbers: contact?.numbers ?? [{ number: '', label: '' }] });
  const [busy, setBusy] = useState(false);
  const change = (part: Partial<Draft>) => setDraft({ ...draft, ...part });
  const number = (index: number, part: { number?: string; label?: string }) => change({ numbers: draft.numbers.map((each, at) => (at === index ? { ...each, ...part } : each)) });
  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    await onSave({ ...draft, name: draft.name.trim(), numbers: draft.numbers.map((each) => ({ ...each, number: latinDigits(each.number.trim()) })).filter((each) => each.number !== '') });
    setBusy(false);
  }
  return (
    <Stack component="form" onSubmit={submit} sx={{ gap: 2, maxWidth: 520, pt: 1 }}>
      <TextField label={t('field.name')} value={draft.name} onChange={(event) => change({ name: event.target.value })} required slotProps={{ htmlInput: { dir: 'auto', maxLength: 200 } }} />
      {draft.numbers.map((each, index) => (
        <Stack key={index} direction="row" sx={{ gap: 1 }}>
          <TextField label={t('field.number')} value={each.number} onChange={(event) => number(index, { number: event.target.value })} slotProps={{ htmlInput: { dir: 'ltr', inputMode: 'tel' } }} sx={{ flex: 1 }} />
          <TextField label={t('contacts.label')} value={each.label ?? ''} onChange={(event) => number(index, { label: event.target.value })} slotProps={{ htmlInput: { dir: 'auto' } }} sx={{ flex: 1 }} />
          <IconButton aria-label={t('app.delete')} onClick={() => change({ numbers: draft.numbers.filter((_, at) => at !== index) })}>
            <Icon path={mdiDeleteOutline} />
          </IconButton>
        </Stack>
      ))}
      <Button startIcon={<Icon path={mdiPlus} />} onClick={() => change({ numbers: [...draft.numbers, { number: '', label: '' }] })} sx={{ alignSelf: 'flex-start' }}>
        {t('contacts.addNumber')}
      </Button>
      <TextField label={t('contacts.organisation')} value={draft.organisation} onChange={(event) => change({ organisation: event.target.value })} slotProps={{ htmlInput: { dir: 'auto' } }} />
      <TextField label={t('field.note')} value={draft.note} onChange={(event) => change({ note: event.target.value })} multiline minRows={3} slotProps={{ htmlInput: { dir: 'auto' } }} />
      <Button type="submit" variant="contained" disabled={busy || draft.name.trim() === ''}>
        {t('app.save')}
      </Button>
    </Stack>
  );
}
