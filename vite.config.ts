import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

// One entry for every page: it brings the styles and starts the islands that the page holds.
// The server reads manifest.json to know the hashed names (web/pages/assets.py).
export default defineConfig({
  root: fileURLToPath(new URL('web/islands', import.meta.url)),
  base: '/static/built/',
  publicDir: false,
  worker: { format: 'es' },
  build: {
    outDir: '../static/built',
    emptyOutDir: true,
    target: 'es2022',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    assetsInlineLimit: 0,
    manifest: 'manifest.json',
    modulePreload: { polyfill: false },
    rollupOptions: { input: fileURLToPath(new URL('web/islands/app.ts', import.meta.url)) },
  },
})
