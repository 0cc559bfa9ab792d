// One call, whole: what happened and when, and why each offer went to whom it went.
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import Table from '@mui/material/Table';
import TableBody from '@mui/material/TableBody';
import TableCell from '@mui/material/TableCell';
import TableContainer from '@mui/material/TableContainer';
import TableHead from '@mui/material/TableHead';
import TableRow from '@mui/material/TableRow';
import Typography from '@mui/material/Typography';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useFormat } from '../../app/format';
import { AgentName, QueueName, useNames } from '../../app/parts/Names';
import { Figure, PageTitle, Panel, PhoneNumber, Trouble } from '../../app/parts/parts';
import { usePreferences } from '../../app/preferences';
import { useMay } from '../../app/session';
import { textOfCode, useText } from '../../app/texts';
import { type LegQuality, story, whyThisAgent } from './api';

export function CallPage() {
  const t = useText();
  const format = useFormat();
  const { language } = usePreferences();
  const { call } = useParams({ strict: false }) as { call: string };
  const mayExplain = useMay('explain_offers');
  const mayHear = useMay('see_recordings');
  const { data, error, refetch } = useQuery({ queryKey: ['story', call, language], queryFn: () => story(call, language), refetchInterval: (query) => (query.state.data?.call.ended ? false : 3000) });
  const { data: offers } = useQuery({ queryKey: ['why', call, language], queryFn: () => whyThisAgent(call, language), enabled: mayExplain && data !== undefined });
  if (error) return <Trouble error={error} retry={() => void refetch()} />;
  if (!data) return null;
  const { call: facts, timeline, legs } = data;
  return (
    <>
      <PageTitle
        actions={
          mayHear &&
          facts.recording === 'finished' && (
            <Button variant="contained" component={Link} to={`/archive/${call}`}>
              {t('floor.listen')}
            </Button>
          )
        }
      >
        {t('floor.callTitle', { call: format.digits(call) })} · <PhoneNumber number={facts.caller} />
      </PageTitle>
      <Stack sx={{ gap: 2 }}>
        <Panel>
          <Stack direction="row" sx={{ gap: 3, flexWrap: 'wrap' }}>
            <Figure label={t('floor.outcome')} value={textOfCode(t, 'outcome', facts.outcome)} />
            <Figure label={t('floor.waited')} value={format.duration(facts.wait_ms)} />
            <Figure label={t('floor.talked')} value={format.duration(facts.talk_ms)} />
            <Figure label={t('field.queue')} value={facts.queue ? <QueueName code={facts.queue} /> : '–'} />
            <Figure label={t('field.agent')} value={facts.agent ? <AgentName code={facts.agent} /> : '–'} />
            <Figure label={t('floor.arrived')} value={format.time(facts.arrived)} hint={format.date(facts.arrived)} />
          </Stack>
        </Panel>
        {legs.length > 0 && <Line legs={legs} />}
        <Box sx={{ display: 'grid', gap: 2, gridTemplateColumns: { xs: 'minmax(0, 1fr)', lg: 'minmax(0, 1fr) minmax(0, 1fr)' }, alignItems: 'start' }}>
          <Panel title={t('floor.timeline')}>
            <Box component="ol" sx={{ listStyle: 'none', m: 0, p: 0 }} data-testid="timeline">
              {timeline.map((each) => (
                <Box component="li" key={each.seq} sx={{ display: 'grid', gridTemplateColumns: '84px 1fr', gap: 1.5, py: 0.6, borderBlockEnd: 1, borderColor: 'divider' }}>
                  <Typography variant="body2" color="text.secondary" className="figures">
                    {format.time(each.at)}
                  </Typography>
                  <Typography variant="body2" className="told">
                    {each.text}
                  </Typography>
                </Box>
              ))}
            </Box>
          </Panel>
          {mayExplain && (
            <Panel title={t('floor.why')}>
              {offers?.length === 0 && <Typography color="text.secondary">{t('floor.noOffers')}</Typography>}
              <Stack sx={{ gap: 2 }} data-testid="why">
                {offers?.map((each) => (
                  <Why key={each.seq} text={each.text} />
                ))}
              </Stack>
            </Panel>
          )}
        </Box>
      </Stack>
    </>
  );
}

// What the network did to each party's voice: as we measured it, as the other side reported it, and the worst a browser showed.
function Line({ legs }: { legs: LegQuality[] }) {
  const t = useText();
  const format = useFormat();
  const ms = (us: number) => t('floor.ms', { ms: format.number(Math.round(us / 1000)) });
  const lost = (of: number, all: number) => (all === 0 ? '–' : `${format.number(of)} (${format.percent((1000 * of) / all)})`);
  const browser = (leg: LegQuality) => (leg.peer_loss_permille || leg.peer_jitter_us || leg.peer_round_trip_us ? [format.percent(leg.peer_loss_permille), ms(leg.peer_jitter_us), ms(leg.peer_round_trip_us)].join(' · ') : '–');
  return (
    <Panel dense title={t('floor.line')}>
      <TableContainer>
        <Table size="small" data-testid="legs">
          <TableHead>
            <TableRow>
              <TableCell>{t('floor.party')}</TableCell>
              <TableCell>{t('floor.codec')}</TableCell>
              {(['floor.lostIn', 'floor.lostOut', 'floor.jitter', 'floor.roundTrip', 'floor.inBrowser'] as const).map((key) => (
                <TableCell key={key} align="right">
                  {t(key)}
                </TableCell>
              ))}
            </TableRow>
          </TableHead>
          <TableBody>
            {legs.map((leg) => (
              <TableRow key={leg.leg} data-leg={leg.leg}>
                <TableCell component="th" scope="row">
                  {leg.agent ? <AgentName code={leg.agent} /> : t('field.caller')}
                </TableCell>
                <TableCell>
                  <bdi lang="en">{leg.codec || '–'}</bdi>
                </TableCell>
                <TableCell align="right">{lost(leg.lost, leg.packets_in + leg.lost)}</TableCell>
                <TableCell align="right">{lost(leg.lost_by_peer, leg.packets_out)}</TableCell>
                <TableCell align="right">{ms(leg.jitter_us_max)}</TableCell>
                <TableCell align="right">{leg.round_trip_us > 0 ? ms(leg.round_trip_us) : '–'}</TableCell>
                <TableCell align="right" data-testid="in-browser">
                  {browser(leg)}
                </TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
      </TableContainer>
    </Panel>
  );
}

// The server's reasons: first what was known, then everybody who could have had the call, in the order of the rule.
function Why({ text }: { text: string }) {
  const format = useFormat();
  const lines = text.trim().replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (moment) => format.moment(moment)).split('\n');
  const numbered = /^\s*\p{Nd}+\.\s*/u;
  const names = useNames();
  // "3. a07: talking, …": the code before the colon is an agent's
  const candidates = lines.filter((line) => numbered.test(line)).map((line) => line.replace(/^(\s*\p{Nd}+\.\s*)([^\s:]+):/u, (_, place: string, code: string) => `${place}${names.agent(code)} (${code}):`));
  return (
    <div className="told">
      {lines.filter((line) => !numbered.test(line)).map((line) => (
        <Typography key={line} variant="body2" sx={{ mb: 0.25 }}>
          {line}
        </Typography>
      ))}
      <Box component="ol" sx={{ listStyle: 'none', m: 0, mt: 1, p: 0 }}>
        {candidates.map((line) => (
          <Typography key={line} component="li" variant="body2" sx={{ py: 0.4, borderBlockStart: 1, borderColor: 'divider', ...(/[←→]|<-|->/.test(line) ? { fontWeight: 700, color: 'primary.main' } : {}) }}>
            {line}
          </Typography>
        ))}
      </Box>
    </div>
  );
}
