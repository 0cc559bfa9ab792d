import { mdiAccountPlusOutline } from '@mdi/js';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { isRefusal } from '../../app/api/client';
import { useFormat } from '../../app/format';
import { Icon } from '../../app/Icon';
import { Empty, Panel, Trouble } from '../../app/parts/parts';
import { useSay } from '../../app/parts/Toasts';
import { textOfCode, useText } from '../../app/texts';
import { addContact, contactOf, dispositions, type HistoryRow, historyOf } from './api';
import { useDispositionName } from './ReportForm';

// Who calls: the contact of this number, and what has happened with it before.
export function CallerPanel({ number }: { number: string }) {
  const t = useText();
  const { data: contact, error, refetch } = useQuery(contactOf(number));
  const { data: history } = useQuery(historyOf(contact?.id));
  useQuery(dispositions);
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
      {contact && history?.length === 0 && <Empty>{t('desk.firstCall')}</Empty>}
      <Stack component="ol" sx={{ listStyle: 'none', p: 0, m: 0, gap: 1 }}>
        {history?.map((row) => <Before key={row.call} row={row} />)}
      </Stack>
    </Panel>
  );
}

function Before({ row }: { row: HistoryRow }) {
  const t = useText();
  const format = useFormat();
  const nameOf = useDispositionName();
  return (
    <Box component="li" sx={{ borderInlineStart: 3, borderColor: 'divider', paddingInlineStart: 1.5 }}>
      <Typography variant="body2">
        <b>{format.moment(row.at)}</b>
        {row.disposition ? ` · ${nameOf(row.disposition)}` : row.outcome ? ` · ${textOfCode(t, 'outcome', row.outcome)}` : ''}
        {row.agent && (
          <>
            {' · '}
            <bdi>{row.agent}</bdi>
          </>
        )}
        {row.talk_ms ? ` · ${format.duration(row.talk_ms)}` : ''}
      </Typography>
      {row.note && (
        <Typography variant="body2" dir="auto" sx={{ whiteSpace: 'pre-wrap' }}>
          {row.note}
        </Typography>
      )}
      {row.next_step && (
        <Typography variant="body2" color="warning.main">
          {t('desk.nextStep')}: <bdi>{row.next_step}</bdi> {row.follow_up_at && format.moment(row.follow_up_at)}
        </Typography>
      )}
    </Box>
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
