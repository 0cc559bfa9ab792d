import { mdiAccountPlusOutline } from '@mdi/js';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { isRefusal } from '../../app/api/client';
import { Icon } from '../../app/Icon';
import { HistoryList } from '../../app/parts/HistoryList';
import { Panel, Trouble } from '../../app/parts/parts';
import { useSay } from '../../app/parts/Toasts';
import { addContact, contactOf, historyOfNumber } from '../../app/records';
import { useText } from '../../app/texts';

// Who calls: the contact of this number, and what has happened with it before.
export function CallerPanel({ number, present }: { number: string; present: string }) {
  const t = useText();
  const { data: contact, error, refetch } = useQuery(contactOf(number));
  const { data: history } = useQuery(historyOfNumber(number)); // by number: with or without a contact
  const before = history?.filter((each) => each.call !== present);
  if (number === '' || isRefusal(error, 'no-such-path') || isRefusal(error, 'not-allowed')) return null;
  return (
    <Panel title={contact ? t('desk.before') : t('desk.whoCalls')}>
      {error && <Trouble error={error} retry={() => void refetch()} />}
      {contact?.organisation && (
        <Typography>
          <bdi>{contact.organisation}</bdi>
        </Typography>
      )}
      {contact?.note && (
        <Typography color="text.secondary" dir="auto" sx={{ whiteSpace: 'pre-wrap', mb: 1 }}>
          {contact.note}
        </Typography>
      )}
      {contact === null && <NewContact number={number} />}
      {before?.length === 0 && (
        <Typography color="text.secondary" sx={{ mt: 1.5 }}>
          {t('desk.firstCall')}
        </Typography>
      )}
      {before && before.length > 0 && (
        <Box sx={{ mt: 1.5 }}>
          <HistoryList rows={before} />
        </Box>
      )}
    </Panel>
  );
}

function NewContact({ number }: { number: string }) {
  const t = useText();
  const say = useSay();
  const client = useQueryClient();
  const [name, setName] = useState('');
  function submit(event: FormEvent) {
    event.preventDefault();
    addContact({ name: name.trim(), numbers: [{ number, label: '' }] })
      .then(() => client.invalidateQueries({ queryKey: ['contact', number] }))
      .catch(say.failed);
  }
  return (
    <Stack component="form" direction="row" onSubmit={submit} sx={{ gap: 1, flexWrap: 'wrap' }}>
      <TextField label={t('desk.newContact')} value={name} onChange={(event) => setName(event.target.value)} slotProps={{ htmlInput: { dir: 'auto' } }} sx={{ flex: 1, minWidth: 180 }} />
      <Button type="submit" variant="outlined" startIcon={<Icon path={mdiAccountPlusOutline} />} disabled={name.trim() === ''}>
        {t('app.add')}
      </Button>
    </Stack>
  );
}
