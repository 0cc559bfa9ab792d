import { mdiLockOutline, mdiPlayCircleOutline } from '@mdi/js';
import Autocomplete from '@mui/material/Autocomplete';
import Button from '@mui/material/Button';
import Paper from '@mui/material/Paper';
import Stack from '@mui/material/Stack';
import Table from '@mui/material/Table';
import TableBody from '@mui/material/TableBody';
import TableCell from '@mui/material/TableCell';
import TableContainer from '@mui/material/TableContainer';
import TableHead from '@mui/material/TableHead';
import TableRow from '@mui/material/TableRow';
import TextField from '@mui/material/TextField';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { latinDigits, useFormat } from '../../app/format';
import { Icon } from '../../app/Icon';
import { DayField } from '../../app/parts/DateFields';
import { Empty, Named, PageTitle, PhoneNumber, Trouble } from '../../app/parts/parts';
import { AgentName, QueueName } from '../../app/parts/Names';
import { agentNames, dispositions, queueNames, useDispositionName } from '../../app/records';
import { textOfCode, useText } from '../../app/texts';
import { page_size, type Search, search } from './api';

export function ArchivePage() {
  const t = useText();
  const format = useFormat();
  const [draft, setDraft] = useState<Search>({});
  const [asked, setAsked] = useState<Search>({});
  const { data, error, refetch, fetchNextPage, hasNextPage, isFetching } = useInfiniteQuery({
    queryKey: ['recordings', asked],
    queryFn: ({ pageParam }) => search(asked, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => (last.length === page_size ? last.at(-1)!.call : undefined),
  });
  const rows = data?.pages.flat() ?? [];
  const change = (part: Partial<Search>) => setDraft({ ...draft, ...part });
  const text = (name: keyof Search, label: string, width = 140) => <TextField label={label} value={draft[name] ?? ''} onChange={(event) => change({ [name]: event.target.value })} sx={{ flex: `1 1 ${width}px`, maxWidth: { sm: width } }} slotProps={{ htmlInput: { dir: name === 'text' ? 'auto' : 'ltr' } }} />;
  const { data: agents } = useQuery(agentNames);
  const { data: queues } = useQuery(queueNames);
  const { data: endings } = useQuery(dispositions);
  const nameOf = useDispositionName();
  const choice = (name: keyof Search, label: string, options: { code: string; name?: string }[]) => (
    <Autocomplete options={options} value={options.find((each) => each.code === draft[name]) ?? null} getOptionLabel={(each) => each.name || each.code} isOptionEqualToValue={(a, b) => a.code === b.code} onChange={(_, next) => change({ [name]: next?.code })} sx={{ flex: '1 1 150px', maxWidth: { sm: 190 } }} renderInput={(params) => <TextField {...params} label={label} />} renderOption={({ key, ...props }, each) => <li key={each.code} {...props}><Named code={each.code} name={each.name} /></li>} />
  );
  function submit(event: FormEvent) {
    event.preventDefault();
    const clean = Object.fromEntries(Object.entries(draft).map(([name, value]) => [name, name === 'text' ? value : latinDigits((value ?? '').trim())]).filter(([, value]) => value));
    setAsked(clean);
  }
  return (
    <>
      <PageTitle>{t('nav.archive')}</PageTitle>
      <Paper variant="outlined" component="form" onSubmit={submit} sx={{ p: 2, mb: 2 }} role="search">
        <Stack direction="row" sx={{ gap: 1.25, flexWrap: 'wrap', alignItems: 'center' }}>
          <DayField label={t('app.from')} value={draft.from ?? ''} onChange={(from) => change({ from })} />
          <DayField label={t('app.to')} value={draft.to ?? ''} onChange={(to) => change({ to })} />
          {text('number', t('field.number'))}
          {choice('agent', t('field.agent'), agents?.map((each) => ({ code: each.agent, name: each.name })) ?? [])}
          {choice('queue', t('field.queue'), queues?.map((each) => ({ code: each.queue, name: each.name })) ?? [])}
          {choice('disposition', t('archive.disposition'), endings?.map((each) => ({ code: each.code, name: nameOf(each.code) })) ?? [])}
          {text('min_seconds', t('archive.atLeast'), 170)}
          {text('text', t('archive.text'), 190)}
          <Button type="submit" variant="contained">
            {t('app.search')}
          </Button>
        </Stack>
      </Paper>
      {error && <Trouble error={error} retry={() => void refetch()} />}
      <TableContainer component={Paper} variant="outlined">
        <Table size="small" data-testid="recordings">
          <TableHead>
            <TableRow>
              {(['field.time', 'field.caller', 'field.number', 'field.queue', 'field.agent', 'archive.outcome'] as const).map((key) => (
                <TableCell key={key}>{t(key)}</TableCell>
              ))}
              <TableCell align="right">{t('field.length')}</TableCell>
              <TableCell />
            </TableRow>
          </TableHead>
          <TableBody>
            {rows.map((row) => (
              <TableRow key={row.capture} hover data-call={row.call} data-agent={row.agent}>
                <TableCell>{format.moment(row.started)}</TableCell>
                <TableCell>
                  <PhoneNumber number={row.caller} />
                </TableCell>
                <TableCell>
                  <PhoneNumber number={row.number} />
                </TableCell>
                <TableCell>
                  <QueueName code={row.queue} />
                </TableCell>
                <TableCell>
                  <AgentName code={row.agent} />
                </TableCell>
                <TableCell>
                  {row.disposition ? nameOf(row.disposition) : textOfCode(t, 'outcome', row.outcome)}
                  {row.held && <Icon path={mdiLockOutline} titleAccess={t('archive.hold')} fontSize="small" sx={{ verticalAlign: 'middle', mx: 0.75 }} />}
                </TableCell>
                <TableCell align="right">{format.duration(row.duration_ms)}</TableCell>
                <TableCell align="right">
                  <Button size="small" component={Link} to={`/archive/${row.call}`} startIcon={<Icon path={mdiPlayCircleOutline} />} disabled={row.state === 'capturing'}>
                    {t(row.state === 'capturing' ? 'archive.runs' : 'archive.open')}
                  </Button>
                </TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
      </TableContainer>
      {!isFetching && rows.length === 0 && !error && <Empty>{t('archive.nothing')}</Empty>}
      {hasNextPage && (
        <Button onClick={() => void fetchNextPage()} disabled={isFetching} sx={{ my: 2 }}>
          {t('app.more')}
        </Button>
      )}
    </>
  );
}
