// A short word after an action, read out by screen readers: done, or why not.
import Alert from '@mui/material/Alert';
import Snackbar from '@mui/material/Snackbar';
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react';
import { useTroubleText } from './parts';

interface Say {
  done(text: string): void;
  failed(error: unknown): void;
}
const Context = createContext<Say>({ done() {}, failed() {} });
export const useSay = () => useContext(Context);

export function Toasts({ children }: { children: ReactNode }) {
  const troubleText = useTroubleText();
  const [toast, setToast] = useState<{ text: string; severity: 'success' | 'error'; key: number }>();
  const show = useCallback((text: string, severity: 'success' | 'error') => setToast({ text, severity, key: Date.now() }), []);
  const say = useMemo<Say>(() => ({ done: (text) => show(text, 'success'), failed: (error) => show(troubleText(error), 'error') }), [show, troubleText]);
  return (
    <Context.Provider value={say}>
      {children}
      <Snackbar key={toast?.key} open={toast !== undefined} autoHideDuration={toast?.severity === 'error' ? 9000 : 3500} onClose={(_, why) => why !== 'clickaway' && setToast(undefined)} anchorOrigin={{ vertical: 'bottom', horizontal: 'center' }}>
        {toast && (
          <Alert severity={toast.severity} variant="filled" onClose={() => setToast(undefined)}>
            <bdi>{toast.text}</bdi>
          </Alert>
        )}
      </Snackbar>
    </Context.Provider>
  );
}
