import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { catalogue } from './scripts/catalogue.mjs';

// `npm run dev` talks to a server that runs already: PASOKH=http://127.0.0.1:8080
const server = process.env.PASOKH ?? 'http://127.0.0.1:8080';
const proxy = Object.fromEntries(['/v1', '/health', '/openapi.json', '/authority'].map((path) => [path, { target: server, ws: true }]));

export default defineConfig({
  plugins: [react(), catalogue()],
  server: { proxy },
  preview: { proxy },
  build: {
    outDir: process.env.CONSOLE_OUT ?? '../build/console',
    emptyOutDir: true,
    target: ['chrome109', 'firefox115'],
    reportCompressedSize: false,
    chunkSizeWarningLimit: 900,
    manifest: 'manifest.json',
  },
});
