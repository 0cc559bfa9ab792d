import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import { Component, type ReactNode } from 'react';
import { useText } from './texts';

// A fault of ours in one page: say so, say that calls are safe, and offer the ways on.
export function Fault({ error, again }: { error: unknown; again?: () => void }) {
  const t = useText();
  return (
    <Box sx={{ p: 3, maxWidth: 640, mx: 'auto' }} role="alert">
      <Alert severity="error">
        {t('app.fault')}
        <Box component="pre" dir="ltr" sx={{ fontSize: 12, whiteSpace: 'pre-wrap', textAlign: 'left', m: 0, mt: 1 }}>
          {error instanceof Error ? error.message : String(error)}
        </Box>
      </Alert>
      <Stack direction="row" sx={{ gap: 1, mt: 2 }}>
        {again && (
          <Button variant="contained" onClick={again}>
            {t('app.again')}
          </Button>
        )}
        <Button variant={again ? 'text' : 'contained'} onClick={() => location.assign('/app/')}>
          {t('app.start')}
        </Button>
      </Stack>
    </Box>
  );
}

export class ErrorBoundary extends Component<{ children: ReactNode }, { error?: unknown }> {
  override state: { error?: unknown } = {};
  static getDerivedStateFromError(error: unknown) {
    return { error };
  }
  override render() {
    return this.state.error === undefined ? this.props.children : <Fault error={this.state.error} again={() => this.setState({ error: undefined })} />;
  }
}
