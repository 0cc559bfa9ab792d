import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { Confirm } from '../../app/parts/Confirm';
import { HistoryList } from '../../app/parts/HistoryList';
import { Empty, PageTitle, Panel, Trouble } from '../../app/parts/parts';
import { useSay } from '../../app/parts/Toasts';
import { historyOf } from '../../app/records';
import { useText } from '../../app/texts';
import { change, contact as contactOf, remove } from './api';
import { ContactForm } from './ContactForm';

export function ContactPage() {
  const t = useText();
  const say = useSay();
  const navigate = useNavigate();
  const client = useQueryClient();
  const { contact: id } = useParams({ strict: false }) as { contact: string };
  const { data, error, refetch } = useQuery({ queryKey: ['contacts', 'one', id], queryFn: () => contactOf(id) });
  const { data: history } = useQuery(historyOf(id));
  if (error) return <Trouble error={error} retry={() => void refetch()} />;
  if (!data) return null;
  return (
    <>
      <PageTitle
        actions={
          <Confirm
            question={t('contacts.deleteSays')}
            onYes={() =>
              remove(id).then(
                () => (void client.invalidateQueries({ queryKey: ['contacts'] }), navigate({ to: '/contacts' })),
                say.failed,
              )
            }
          >
            {(ask) => (
              <Button color="error" onClick={ask}>
                {t('app.delete')}
              </Button>
            )}
          </Confirm>
        }
      >
        <bdi>{data.name}</bdi>
      </PageTitle>
      <Box sx={{ display: 'grid', gap: 2, gridTemplateColumns: { xs: 'minmax(0, 1fr)', md: 'minmax(0, 1fr) minmax(0, 1fr)' }, alignItems: 'start' }}>
        <Panel>
          <ContactForm
            key={id}
            contact={data}
            onSave={async (draft) => {
              try {
                await change({ id, ...draft });
                say.done(t('app.saved'));
                void client.invalidateQueries({ queryKey: ['contact'] });
                void refetch();
              } catch (trouble) {
                say.failed(trouble);
              }
            }}
          />
        </Panel>
        <Panel title={t('contacts.history')}>{history?.length ? <HistoryList rows={history} /> : <Empty>{t('contacts.noHistory')}</Empty>}</Panel>
      </Box>
    </>
  );
}
