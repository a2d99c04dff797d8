import type { UserConfig } from 'vite'

/** The gateway whose answers the development server passes on. */
const gateway = process.env['PORTCULLIS_ADMIN'] ?? '127.0.0.1:8900'

// oxlint-disable-next-line import/no-default-export -- Vite wants it so
export default {
  build: {
    target: 'es2023',
    // What is small stays a file too: data: URLs are one more thing for the Content-Security-Policy to allow.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    emptyOutDir: true,
    reportCompressedSize: false,
    rolldownOptions: {
      onLog(level, log, next) {
        // "use client" is for servers that render.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') next(level, log)
      },
    },
  },
  server: {
    port: 5173,
    strictPort: true,
    proxy: { '/v1': { target: `http://${gateway}`, changeOrigin: true } },
  },
} satisfies UserConfig
