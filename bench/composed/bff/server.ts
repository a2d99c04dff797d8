// What a composition does, by hand, as a good BFF is written: `node server.ts pages|notes|feed PORT BACKEND_PORT`
import fastify from 'fastify'

const [kind = '', port = '', backendPort = ''] = process.argv.slice(2)
const options = { host: '127.0.0.1', port: Number(port), backlog: 4096 }

// Each has a module of its own, so that none loads what it does not use.
if (kind === 'notes') {
  const { addNotes } = await import('./notes.ts')
  const app = fastify({ http2: true })
  addNotes(app as never, Number(backendPort))
  await app.listen(options)
} else {
  const { addPages } = await import('./pages.ts')
  const { addFeed } = await import('./feed.ts')
  const app = fastify()
  if (kind === 'pages') addPages(app, Number(backendPort))
  else addFeed(app, Number(backendPort))
  await app.listen(options)
}
