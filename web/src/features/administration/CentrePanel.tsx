import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Panel, Trouble } from '../../app/parts/parts';
import { useSay } from '../../app/parts/Toasts';
import { useMay } from '../../app/session';
import { useText } from '../../app/texts';
import { centre, changeCentre, type Settings } from './api';
import { FieldInput } from './FieldInput';
import type { Field } from './fields';

const fields: Field[] = [
  { name: 'time_zone', label: 'admin.timeZone', kind: 'code' },
  { name: 'outbound', label: 'admin.outbound', kind: 'code', hint: 'admin.outboundHint' },
  { name: 'max_calls', label: 'admin.maxCalls', kind: 'number', hint: 'admin.maxCallsHint' },
  { name: 'ledger_limit', label: 'admin.ledgerLimit', kind: 'number', hint: 'admin.ledgerHint' },
];

export function CentrePanel() {
  const t = useText();
  const say = useSay();
  const mayChange = useMay('change_settings');
  const { data, error, refetch } = useQuery({ queryKey: ['settings', 'centre'], queryFn: centre });
  const [changed, setChanged] = useState<Settings>({});
  function submit(event: FormEvent) {
    event.preventDefault();
    changeCentre(changed).then(() => (setChanged({}), say.done(t('app.saved')), refetch()), say.failed);
  }
  return (
    <Panel title={t('admin.centre')}>
      {error && <Trouble error={error} retry={() => void refetch()} />}
      {data && (
        <Stack component="form" onSubmit={submit} sx={{ gap: 2, maxWidth: 520 }}>
          {fields.map((field) => (
            <FieldInput key={field.name} field={field} value={changed[field.name] ?? data[field.name]} onChange={(value) => setChanged({ ...changed, [field.name]: value })} />
          ))}
          <Button type="submit" variant="contained" disabled={!mayChange || Object.keys(changed).length === 0}>
            {t('app.save')}
          </Button>
        </Stack>
      )}
    </Panel>
  );
}
