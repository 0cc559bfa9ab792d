import Box from '@mui/material/Box';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useFormat } from '../format';
import { type HistoryRow, useDispositionName } from '../records';
import { textOfCode, useText } from '../texts';
import { AgentName, QueueName } from './Names';

// Calls and what was written about them, newest first.
export function HistoryList({ rows }: { rows: HistoryRow[] }) {
  const t = useText();
  const format = useFormat();
  const nameOf = useDispositionName();
  return (
    <Stack component="ol" sx={{ listStyle: 'none', p: 0, m: 0, gap: 1.25 }}>
      {rows.map((row) => (
        <Box component="li" key={row.call} sx={{ borderInlineStart: 3, borderColor: 'divider', paddingInlineStart: 1.5 }}>
          <Typography variant="body2">
            <b>{format.moment(row.arrived)}</b> · {textOfCode(t, 'direction', row.direction)} · {textOfCode(t, 'outcome', row.outcome)}
            {row.talk_ms > 0 && ` · ${format.duration(row.talk_ms)}`}
            {row.queue && (
              <>
                {' · '}
                <QueueName code={row.queue} />
              </>
            )}
            {row.agents.length > 0 && (
              <>
                {' · '}
                {row.agents.map((agent, index) => (
                  <span key={agent}>
                    {index > 0 && t('app.listed')}
                    <AgentName code={agent} />
                  </span>
                ))}
              </>
            )}
          </Typography>
          {row.reports.map((report) => (
            <Box key={report.agent + report.written_at} sx={{ mt: 0.25 }}>
              {report.disposition && (
                <Typography variant="body2" sx={{ fontWeight: 700 }}>
                  {nameOf(report.disposition)}
                </Typography>
              )}
              {report.note && (
                <Typography variant="body2" dir="auto" sx={{ whiteSpace: 'pre-wrap' }}>
                  {report.note}
                </Typography>
              )}
              {report.next_step && (
                <Typography variant="body2" color={report.done_at ? 'text.secondary' : 'warning.main'}>
                  {t('app.nextStep')}: <bdi>{report.next_step}</bdi> {report.follow_up_at && format.moment(report.follow_up_at)} {report.done_at && `· ${t('app.done')}`}
                </Typography>
              )}
            </Box>
          ))}
        </Box>
      ))}
    </Stack>
  );
}
