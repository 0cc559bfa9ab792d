import { mdiAccountPlusOutline } from '@mdi/js';
import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import List from '@mui/material/List';
import ListItem from '@mui/material/ListItem';
import ListItemButton from '@mui/material/ListItemButton';
import ListItemText from '@mui/material/ListItemText';
import Paper from '@mui/material/Paper';
import TextField from '@mui/material/TextField';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useDeferredValue, useState } from 'react';
import { Icon } from '../../app/Icon';
import { Empty, PageTitle, PhoneNumber, Trouble } from '../../app/parts/parts';
import { useSay } from '../../app/parts/Toasts';
import { addContact } from '../../app/records';
import { useText } from '../../app/texts';
import { find, page_size } from './api';
import { ContactForm } from './ContactForm';

export function ContactsPage() {
  const t = useText();
  const say = useSay();
  const navigate = useNavigate();
  const [typed, setTyped] = useState('');
  const [adding, setAdding] = useState(false);
  const wanted = useDeferredValue(typed.trim());
  const { data, error, refetch, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ['contacts', wanted],
    queryFn: ({ pageParam }) => find(wanted, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => (last.length === page_size ? last.at(-1)!.id : undefined),
    placeholderData: (before) => before,
  });
  const rows = data?.pages.flat() ?? [];
  return (
    <>
      <PageTitle
        actions={
          <Button variant="contained" startIcon={<Icon path={mdiAccountPlusOutline} />} onClick={() => setAdding(true)}>
            {t('contacts.add')}
          </Button>
        }
      >
        {t('nav.contacts')}
      </PageTitle>
      <TextField type="search" label={t('contacts.search')} value={typed} onChange={(event) => setTyped(event.target.value)} fullWidth autoFocus sx={{ maxWidth: 520, mb: 2 }} slotProps={{ htmlInput: { dir: 'auto' } }} />
      {error && <Trouble error={error} retry={() => void refetch()} />}
      {data && rows.length === 0 && <Empty>{t(wanted === '' ? 'contacts.none' : 'contacts.nobody')}</Empty>}
      {rows.length > 0 && (
        <Paper variant="outlined">
          <List dense data-testid="contacts">
            {rows.map((each) => (
              <ListItem key={each.id} disablePadding>
              <ListItemButton component={Link} to={`/contacts/${each.id}`}>
                <ListItemText
                  primary={
                    <>
                      <b dir="auto">{each.name}</b>
                      {each.organisation && <> · <bdi>{each.organisation}</bdi></>}
                    </>
                  }
                  secondary={each.numbers.map((line) => (
                    <span key={line.number} style={{ marginInlineEnd: 12 }}>
                      <PhoneNumber number={line.number} />
                    </span>
                  ))}
                />
              </ListItemButton>
              </ListItem>
            ))}
          </List>
        </Paper>
      )}
      {hasNextPage && <Button onClick={() => void fetchNextPage()}>{t('app.more')}</Button>}
      <Dialog open={adding} onClose={() => setAdding(false)} fullWidth maxWidth="sm" aria-labelledby="add-contact">
        <DialogTitle id="add-contact">{t('contacts.add')}</DialogTitle>
        <DialogContent>
          <ContactForm
            onSave={async (draft) => {
              try {
                const { id } = await addContact(draft);
                await navigate({ to: `/contacts/${id}` });
              } catch (trouble) {
                say.failed(trouble);
              }
            }}
          />
        </DialogContent>
      </Dialog>
    </>
  );
}
