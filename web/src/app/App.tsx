import createCache from '@emotion/cache';
import { CacheProvider } from '@emotion/react';
import { i18n } from '@lingui/core';
import { I18nProvider } from '@lingui/react';
import CssBaseline from '@mui/material/CssBaseline';
import { ThemeProvider, useColorScheme } from '@mui/material/styles';
import rtl from '@mui/stylis-plugin-rtl';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { useEffect, useMemo, useState } from 'react';
import { prefixer } from 'stylis';
import { isRefusal, onSignedOut } from './api/client';
import { ErrorBoundary } from './ErrorBoundary';
import { Connection } from './live/connection';
import { LiveContext } from './live/hooks';
import { onKey } from './keys';
import { nonce } from './nonce';
import { Toasts } from './parts/Toasts';
import { usePreferences } from './preferences';
import { router } from './router';
import { type Language, loadLanguage } from './texts';
import { themeFor } from './theme';

const caches = { fa: createCache({ key: 'rtl', nonce, stylisPlugins: [prefixer, rtl] }), en: createCache({ key: 'ltr', nonce }) };

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (failures, error) => failures < 2 && (!isRefusal(error) || error.status === 0 || error.status === 503),
      staleTime: 5000,
      refetchOnWindowFocus: false,
    },
  },
});

// The session ended somewhere else, or by time: go to the sign-in page, and come back to this one afterwards.
function signedOut() {
  connection.wasSignedOut = !connection.leaving;
  connection.stop();
  queries.clear();
  const here = router.state.location.href;
  if (!here.includes('/sign-in')) void router.navigate({ to: '/sign-in', search: { next: here, ended: true } });
}
const connection = new Connection(signedOut);
onSignedOut(signedOut);

export function App() {
  const { language } = usePreferences();
  const [shown, setShown] = useState<Language>();
  useEffect(() => {
    let wanted = true;
    const load = (): Promise<void> =>
      loadLanguage(language).then(
        () => {
          if (!wanted) return;
          document.documentElement.lang = language;
          document.documentElement.dir = language === 'fa' ? 'rtl' : 'ltr';
          setShown(language);
        },
        () => void (wanted && setTimeout(() => void load(), 1000)), // the network was away: without texts there is no page
      );
    void load();
    return () => {
      wanted = false;
    };
  }, [language]);
  useEffect(() => {
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
  const theme = useMemo(() => themeFor(shown ?? 'fa'), [shown]);
  if (!shown) return null;
  return (
    <I18nProvider i18n={i18n}>
      <CacheProvider value={caches[shown]}>
        <ThemeProvider theme={theme} defaultMode="system" modeStorageKey="pasokh.mode">
          <CssBaseline enableColorScheme />
          <SchemeOfPreferences />
          <ErrorBoundary>
            <QueryClientProvider client={queries}>
              <LiveContext.Provider value={connection}>
                <Toasts>
                  <RouterProvider router={router} context={{ queries }} />
                </Toasts>
              </LiveContext.Provider>
            </QueryClientProvider>
          </ErrorBoundary>
        </ThemeProvider>
      </CacheProvider>
    </I18nProvider>
  );
}

function SchemeOfPreferences() {
  const { scheme } = usePreferences();
  const { setMode } = useColorScheme();
  useEffect(() => setMode(scheme), [scheme, setMode]);
  return null;
}
