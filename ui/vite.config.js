import { defineConfig } from 'vite';

export default defineConfig({
  // Relative addresses, so that the page also works behind a proxy that puts the gateway under a path.
  base: './',
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    // Files, never data: addresses; they are hashed by name and cached for a year.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Monaco is one large module by nature, and it is loaded after the first paint.
    chunkSizeWarningLimit: 4000,
    reportCompressedSize: false,
    rolldownOptions: {
      // "use client" speaks to server-side rendering, of which there is none here.
      checks: { moduleLevelDirective: false },
    },
  },
});
