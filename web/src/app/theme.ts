import { createTheme, type ThemeOptions } from '@mui/material/styles';
import { enUS, faIR } from '@mui/material/locale';
import type { Language } from './texts';

declare module '@mui/material/styles' {
  interface Palette {
    state: Record<string, string>;
  }
  interface PaletteOptions {
    state?: Record<string, string>;
  }
}

// One colour a state, the same on desk, floor and charts; each is told by a word or a shape too.
const states = {
  light: { ready: '#15803d', offered: '#0369a1', talking: '#1d4ed8', 'wrap-up': '#7c3aed', paused: '#b45309', 'signed-out': '#586779', waiting: '#be123c' },
  dark: { ready: '#4ade80', offered: '#38bdf8', talking: '#7ea6ff', 'wrap-up': '#c4a1ff', paused: '#fbbf24', 'signed-out': '#94a3b8', waiting: '#fb7185' },
};

const fonts = {
  fa: '"Vazirmatn FD", Tahoma, sans-serif',
  told: '"Vazirmatn Persian", system-ui, "Segoe UI", Roboto, sans-serif',
  en: 'system-ui, "Segoe UI", Roboto, "Vazirmatn Persian", sans-serif',
};

const shape: ThemeOptions = {
  shape: { borderRadius: 10 },
  typography: { fontSize: 14, button: { textTransform: 'none', fontWeight: 700 }, h1: { fontSize: '1.5rem', fontWeight: 700 }, h2: { fontSize: '1.05rem', fontWeight: 700 }, h3: { fontSize: '.95rem', fontWeight: 700 } },
  components: {
    MuiButton: { defaultProps: { disableElevation: true }, styleOverrides: { root: { borderRadius: 9 } } },
    MuiPaper: { styleOverrides: { root: { backgroundImage: 'none' } } },
    MuiToggleButton: { styleOverrides: { root: { color: 'var(--mui-palette-text-primary)' } } }, // MUI's own grey is too pale on a selected one
    MuiTextField: { defaultProps: { size: 'small' } },
    MuiSelect: { defaultProps: { size: 'small' } },
    MuiTableContainer: { defaultProps: { tabIndex: 0 } }, // a table that scrolls is scrolled by keyboard too
    MuiTableCell: { styleOverrides: { root: { paddingBlock: 7, paddingInline: 10 }, head: { fontWeight: 700, whiteSpace: 'nowrap' } } },
    MuiTooltip: { defaultProps: { enterDelay: 400, describeChild: true } },
    MuiCssBaseline: {
      styleOverrides: {
        'html, body, #root': { height: '100%' },
        'bdi.latin, .latin': { fontFamily: 'ui-monospace, "DejaVu Sans Mono", Consolas, monospace', unicodeBidi: 'isolate', direction: 'ltr' },
        '.told': { fontFamily: fonts.told }, // words of the server: its figures are the reader's already, codes keep Latin digits
        '[dir=rtl] bdi[lang=en]': { fontFamily: fonts.en }, // Vazirmatn FD would write its digits in Persian
        '[dir=ltr] .figures': { fontVariantNumeric: 'tabular-nums' }, // Vazirmatn's tabular digits stand too far apart
        ':focus-visible': { outlineOffset: 2 },
      },
    },
  },
};

export function themeFor(language: Language) {
  return createTheme(
    {
      ...shape,
      direction: language === 'fa' ? 'rtl' : 'ltr',
      typography: { ...(shape.typography as object), fontFamily: fonts[language] },
      cssVariables: { colorSchemeSelector: 'data-scheme' },
      colorSchemes: {
        light: {
          palette: {
            primary: { main: '#0f766e' },
            secondary: { main: '#475569' },
            error: { main: '#b91c1c' },
            warning: { main: '#b45309' },
            success: { main: '#15803d' },
            background: { default: '#f3f5f7', paper: '#ffffff' },
            text: { primary: '#17212b', secondary: '#4d5b69' },
            divider: '#dde3e8',
            state: states.light,
          },
        },
        dark: {
          palette: {
            primary: { main: '#2dd4bf' },
            secondary: { main: '#a8b5c2' },
            error: { main: '#f87171' },
            warning: { main: '#fbbf24' },
            success: { main: '#4ade80' },
            background: { default: '#0e151b', paper: '#162029' },
            text: { primary: '#e8edf2', secondary: '#a8b5c2' },
            divider: '#2a3743',
            state: states.dark,
          },
        },
      },
    },
    language === 'fa' ? faIR : enUS,
  );
}
