import Dialog from '@mui/material/Dialog';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import Table from '@mui/material/Table';
import TableBody from '@mui/material/TableBody';
import TableCell from '@mui/material/TableCell';
import TableRow from '@mui/material/TableRow';
import { keyName, useOffered } from './keys';
import { useText } from './texts';

export function Shortcuts({ onClose }: { onClose(): void }) {
  const t = useText();
  const offered = useOffered();
  return (
    <Dialog open onClose={onClose} aria-labelledby="shortcuts">
      <DialogTitle id="shortcuts">{t('app.shortcuts')}</DialogTitle>
      <DialogContent>
        <Table size="small">
          <TableBody>
            {offered.map((action) => (
              <TableRow key={action.key + action.label} sx={action.allowed ? undefined : { opacity: 0.5 }}>
                <TableCell component="th" scope="row">
                  {t(action.label)}
                </TableCell>
                <TableCell align="right">
                  <kbd dir="ltr">{action.key === 'Slash' ? '?' : keyName(action.key)}</kbd>
                </TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
      </DialogContent>
    </Dialog>
  );
}
