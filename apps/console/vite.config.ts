import { defineConfig } from 'vite';

/**
 * The page goes to `dist`, from where the server (apps/mm2ss/src/console) takes it. Nothing is written into the HTML itself, for
 * the content security policy allows neither inline scripts nor inline styles.
 *
 * `npx vite` serves it for work on it, with the API of a running console: CONSOLE=http://127.0.0.1:9105.
 */
const server = process.env['CONSOLE'] ?? 'http://127.0.0.1:9105';

export default defineConfig({
  base: './',
  resolve: { conditions: ['@iec104mm2ss/source', 'module', 'browser'] },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  // From light-dark() of CSS on: browsers of spring 2024.
  build: {
    target: ['chrome123', 'firefox120', 'safari17.5'],
    assetsInlineLimit: 0,
    license: { fileName: 'LICENSES.md' },
    modulePreload: { polyfill: false },
    // The console, and the page of `mm2ss simulate rtus`.
    rolldownOptions: { input: ['index.html', 'simulator.html'] },
  },
  server: { proxy: { '/api': { target: server, changeOrigin: true } } },
});
