import { mdiPencilOutline, mdiPlus, mdiQrcode, mdiTrashCanOutline } from '@mdi/js';
import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import IconButton from '@mui/material/IconButton';
import Table from '@mui/material/Table';
import TableBody from '@mui/material/TableBody';
import TableCell from '@mui/material/TableCell';
import TableContainer from '@mui/material/TableContainer';
import TableHead from '@mui/material/TableHead';
import TableRow from '@mui/material/TableRow';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { latinDigits, useFormat } from '../../app/format';
import { Icon } from '../../app/Icon';
import { Confirm } from '../../app/parts/Confirm';
import { Code, Empty, Panel, Trouble } from '../../app/parts/parts';
import { useSay } from '../../app/parts/Toasts';
import { useMay } from '../../app/session';
import { textOfCode, useText } from '../../app/texts';
import { list, put, remove, type Settings } from './api';
import { FieldInput } from './FieldInput';
import { type Field, type Sheet, told } from './fields';
import { ProvisioningDialog } from './Provisioning';

const settingsOf = (sheet: Sheet, row: Settings): Settings => (sheet.raw ? { ...row, ...(row.settings as Settings) } : row);

export function SheetPage({ sheet }: { sheet: Sheet }) {
  const t = useText();
  const say = useSay();
  const client = useQueryClient();
  const mayChange = useMay('change_settings');
  const { data, error, refetch } = useQuery({ queryKey: ['settings', sheet.noun], queryFn: () => list(sheet.noun), retry: false });
  const [edited, setEdited] = useState<{ code?: string; row: Settings }>();
  const [provisioned, setProvisioned] = useState<string>();
  const columns = sheet.fields.filter((field) => field.table);
  const gone = (code: string) => remove(sheet.noun, code).then(() => (say.done(t('app.deleted')), client.invalidateQueries({ queryKey: ['settings'] })), say.failed);
  return (
    <Panel
      title={t(sheet.title)}
      actions={
        mayChange && (
          <Button variant="contained" startIcon={<Icon path={mdiPlus} />} onClick={() => setEdited({ row: {} })}>
            {t('app.add')}
          </Button>
        )
      }
    >
      <Typography color="text.secondary" sx={{ mb: 1.5 }}>
        {t(sheet.says)}
      </Typography>
      {error && <Trouble error={error} retry={() => void refetch()} />}
      {data?.length === 0 && <Empty>{t('admin.none')}</Empty>}
      {data && data.length > 0 && (
        <TableContainer sx={{ maxHeight: 640 }}>
          <Table size="small" stickyHeader data-testid={`sheet-${sheet.noun}`}>
            <TableHead>
              <TableRow>
                <TableCell>{t('admin.code')}</TableCell>
                {columns.map((field) => (
                  <TableCell key={field.name}>{t(field.label)}</TableCell>
                ))}
                <TableCell>{t('app.actions')}</TableCell>
              </TableRow>
            </TableHead>
            <TableBody>
              {data.slice(0, 500).map((row) => {
                const code = String(row[sheet.key]);
                const settings = settingsOf(sheet, row);
                return (
                  <TableRow key={code} hover>
                    <TableCell component="th" scope="row">
                      <Code>{code}</Code>
                    </TableCell>
                    {columns.map((field) => (
                      <TableCell key={field.name}>
                        <Shown field={field} value={settings[field.name]} />
                      </TableCell>
                    ))}
                    <TableCell sx={{ whiteSpace: 'nowrap' }}>
                      {mayChange && (
                        <>
                          {sheet.noun === 'devices' && settings.kind !== 'browser' && (
                            <IconButton size="small" aria-label={`${t('admin.provisioning')}: ${code}`} title={t('admin.provisioning')} onClick={() => setProvisioned(code)}>
                              <Icon path={mdiQrcode} fontSize="small" />
                            </IconButton>
                          )}
                          <IconButton size="small" aria-label={`${t('app.edit')}: ${code}`} onClick={() => setEdited({ code, row: settings })}>
                            <Icon path={mdiPencilOutline} fontSize="small" />
                          </IconButton>
                          <Confirm question={t('admin.deleteSays', { code })} onYes={() => gone(code)}>
                            {(ask) => (
                              <IconButton size="small" aria-label={`${t('app.delete')}: ${code}`} onClick={ask}>
                                <Icon path={mdiTrashCanOutline} fontSize="small" />
                              </IconButton>
                            )}
                          </Confirm>
                        </>
                      )}
                    </TableCell>
                  </TableRow>
                );
              })}
            </TableBody>
          </Table>
        </TableContainer>
      )}
      {provisioned !== undefined && <ProvisioningDialog device={provisioned} onClose={() => setProvisioned(undefined)} />}
      {edited && <EditDialog sheet={sheet} {...edited} onClose={() => setEdited(undefined)} />}
    </Panel>
  );
}

function Shown({ field, value }: { field: Field; value: unknown }) {
  const t = useText();
  const format = useFormat();
  if (value === undefined || value === null || value === '') return <>–</>;
  if (field.kind === 'switch') return <>{t(value === true || value === 'on' ? 'app.yes' : 'app.no')}</>;
  if (Array.isArray(value) && value.length === 0) return <>–</>;
  if (Array.isArray(value)) return <bdi>{value.map((each) => (typeof each === 'object' ? JSON.stringify(each) : String(each))).join(' · ')}</bdi>;
  if (field.kind === 'duration') return <bdi>{format.setting(String(value))}</bdi>;
  if (field.kind === 'number') return <bdi>{format.digits(String(value))}</bdi>;
  if (typeof field.kind === 'object' && 'choices' in field.kind) return <>{textOfCode(t, 'choice', String(value))}</>;
  if (field.kind === 'code' || field.kind === 'music' || field.kind === 'prompt' || field.kind === 'closed' || typeof field.kind === 'object') return <Code>{String(value)}</Code>;
  return <bdi>{String(value)}</bdi>;
}

function EditDialog({ sheet, code, row, onClose }: { sheet: Sheet; code?: string; row: Settings; onClose(): void }) {
  const t = useText();
  const say = useSay();
  const client = useQueryClient();
  const [typed, setTyped] = useState(code ?? '');
  const [changed, setChanged] = useState<Settings>({});
  const [trouble, setTrouble] = useState<unknown>();
  const draft = { ...row, ...changed };
  async function submit(event: FormEvent) {
    event.preventDefault();
    setTrouble(undefined);
    try {
      await put(sheet.noun, latinDigits(typed.trim()), sheet.raw ? Object.fromEntries(Object.entries(changed).map(([name, value]) => [name, String(value)])) : changed);
      await client.invalidateQueries({ queryKey: ['settings'] });
      say.done(t('app.saved'));
      onClose();
    } catch (refusal) {
      setTrouble(refusal);
    }
  }
  return (
    <Dialog open onClose={onClose} fullWidth maxWidth="sm" aria-labelledby="edit">
      <form onSubmit={submit}>
        <DialogTitle id="edit">{code ? <>{t('app.edit')}: <Code>{code}</Code></> : `${t('app.add')}: ${t(sheet.title)}`}</DialogTitle>
        <DialogContent sx={{ display: 'grid', gap: 2 }}>
          {code === undefined && <TextField label={t('admin.code')} value={typed} onChange={(event) => setTyped(event.target.value)} required autoFocus helperText={t('admin.codeSays')} sx={{ mt: 1 }} slotProps={{ htmlInput: { dir: 'ltr' } }} />}
          {sheet.fields
            .filter((field) => !told.has(field.name) && !(field.once && code !== undefined))
            .map((field) => (
              <FieldInput key={field.name} field={field} value={draft[field.name]} onChange={(value) => setChanged({ ...changed, [field.name]: value })} />
            ))}
          {trouble !== undefined && <Trouble error={trouble} />}
        </DialogContent>
        <DialogActions>
          <Button onClick={onClose}>{t('app.cancel')}</Button>
          <Button type="submit" variant="contained" disabled={typed.trim() === ''}>
            {t('app.save')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
