import Button from '@mui/material/Button';
import Table from '@mui/material/Table';
import TableBody from '@mui/material/TableBody';
import TableCell from '@mui/material/TableCell';
import TableContainer from '@mui/material/TableContainer';
import TableHead from '@mui/material/TableHead';
import TableRow from '@mui/material/TableRow';
import Typography from '@mui/material/Typography';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useFormat } from '../../app/format';
import { Code, Panel, Trouble } from '../../app/parts/parts';
import { textOfCode, useText } from '../../app/texts';
import { audit } from './api';

// Who did what, newest first; the log is chained, so that a line cannot be taken out unseen.
export function Audit() {
  const t = useText();
  const format = useFormat();
  const { data, error, refetch, fetchNextPage, hasNextPage } = useInfiniteQuery({ queryKey: ['audit'], queryFn: ({ pageParam }) => audit(pageParam), initialPageParam: undefined as string | undefined, getNextPageParam: (last) => (last.length >= 50 ? last.at(-1)!.seq : undefined) });
  return (
    <Panel title={t('admin.audit')}>
      <Typography color="text.secondary" sx={{ mb: 1 }}>
        {t('admin.auditSays')}
      </Typography>
      {error && <Trouble error={error} retry={() => void refetch()} />}
      <TableContainer>
        <Table size="small" data-testid="audit">
          <TableHead>
            <TableRow>
              {(['field.time', 'admin.who', 'admin.what', 'admin.object', 'admin.outcome', 'admin.from'] as const).map((key) => (
                <TableCell key={key}>{t(key)}</TableCell>
              ))}
            </TableRow>
          </TableHead>
          <TableBody>
            {data?.pages.flat().map((row) => (
              <TableRow key={row.seq}>
                <TableCell>{format.moment(row.at)}</TableCell>
                <TableCell>
                  <Code>{row.who}</Code>
                </TableCell>
                <TableCell>
                  <What code={row.what} />
                </TableCell>
                <TableCell>
                  <bdi>{row.object}</bdi>
                </TableCell>
                <TableCell>
                  {textOfCode(t, 'audited', row.outcome)}
                </TableCell>
                <TableCell>
                  <Code>{row.from}</Code>
                </TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
      </TableContainer>
      {hasNextPage && <Button onClick={() => void fetchNextPage()}>{t('app.more')}</Button>}
    </Panel>
  );
}

// "queue_put" as "Queue · set": the noun and the verb each have a word; the code stands beside it for who searches the log.
function What({ code }: { code: string }) {
  const t = useText();
  const [, noun = '', verb = ''] = /^(.*?)_(\w+)$/.exec(code) ?? [];
  const [object, deed] = [textOfCode(t, 'noun', noun), textOfCode(t, 'deed', verb)];
  const whole = textOfCode(t, 'deed', code);
  if (whole === code && (object === noun || deed === verb)) return <Code>{code}</Code>;
  return <span title={code}>{whole !== code ? whole : `${object} · ${deed}`}</span>;
}
