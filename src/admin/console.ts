import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { negotiator } from '../filters/compression/negotiate.ts'
import type { Api } from '../api/api.ts'

/** As built, this file is part of a bundle of dist/cli. */
const built = fileURLToPath(new URL('../../dist/web/', import.meta.url))

/** A file, in the forms that the build has made of it. */
interface Asset {
  readonly type: string
  readonly etag: string
  readonly forms: Readonly<Partial<Record<'identity' | 'br' | 'gzip', Buffer>>>
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
}

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

/** Of every file: nothing of it is from elsewhere, and no page of elsewhere has it, or a window of it. */
const fields: Readonly<Record<string, string>> = {
  'Content-Security-Policy': policy,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  Vary: 'Accept-Encoding',
}

const chosen = negotiator(['br', 'gzip'])

/**
 * The console's files, which hold nothing of the gateway and are open to everybody; what they ask for is judged. Any path
 * that is no file's is one of the console's own views. Answered from memory, by names that were found when it was filled:
 * no path of a request reaches the file system.
 */
export function serveConsole(app: Api, folder: string = built): void {
  const files = new ConsoleFiles(folder)
  // An unknown path of the API is none of the console's.
  for (const url of ['/v1', '/v1/*'])
    app.get(url, { schema: { hide: true }, config: { permission: 'self' } }, (_, reply) =>
      reply.callNotFound(),
    )
  app.get('/*', { schema: { hide: true }, config: { isOpen: true } }, (request, reply) => {
    const path = request.url.split('?')[0]!
    const asset = files.find(path)
    if (asset !== null) return sendAsset(request, reply, asset, path)
    return path.startsWith('/assets/') ? reply.callNotFound() : sendUnbuilt(reply)
  })
}

function sendUnbuilt(reply: FastifyReply): FastifyReply {
  return reply
    .code(404)
    .headers({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' })
    .type('text/plain; charset=utf-8')
    .send('the console is not built: npm run build:web\n')
}

function sendAsset(request: FastifyRequest, reply: FastifyReply, asset: Asset, path: string): FastifyReply {
  const { type, etag, forms } = asset
  reply.headers(fields).header('ETag', etag)
  // Names below /assets/ have the hash of what is in them.
  reply.header(
    'Cache-Control',
    path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
  )
  if (matches(request.headers['if-none-match'], etag)) return reply.code(304).send()
  const wanted = chosen(request.headers['accept-encoding'])?.encoding
  const encoding = wanted === 'br' || wanted === 'gzip' ? wanted : 'identity'
  const body = forms[encoding]
  if (body !== undefined && encoding !== 'identity') reply.header('Content-Encoding', encoding)
  return reply.type(type).send(body ?? forms.identity)
}

/** RFC 9110 §13.1.2: the weak comparison. */
function matches(field: string | undefined, etag: string): boolean {
  return (
    field !== undefined &&
    (field.trim() === '*' || field.split(',').some(one => one.trim().replace(/^W\//, '') === etag))
  )
}

/** What a build has left in a folder; another build is read when somebody asks for a page of it. */
class ConsoleFiles {
  private readonly folder: string
  private assets: ReadonlyMap<string, Asset> = new Map()
  private stamp = ''

  constructor(folder: string) {
    this.folder = folder
  }

  find(path: string): Asset | null {
    const asset = this.assets.get(path)
    if (path.startsWith('/assets/')) return asset ?? this.refreshed().get(path) ?? null
    return this.refreshed().get(path) ?? this.assets.get('/index.html') ?? null
  }

  private refreshed(): ReadonlyMap<string, Asset> {
    const found = statSync(join(this.folder, 'index.html'), { throwIfNoEntry: false })
    const stamp = found === undefined ? '' : `${found.ino} ${found.mtimeMs}`
    if (stamp !== this.stamp) {
      this.assets = stamp === '' ? new Map() : assetsIn(this.folder)
      this.stamp = stamp
    }
    return this.assets
  }
}

function assetsIn(folder: string): ReadonlyMap<string, Asset> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => relative(folder, join(entry.parentPath, entry.name)))
  const known = new Set(names)
  const read = (name: string) => (known.has(name) ? readFileSync(join(folder, name)) : undefined)
  return new Map(
    names.flatMap(name => {
      const type = types[extname(name)]
      const identity = read(name)
      if (type === undefined || identity === undefined) return []
      const br = read(`${name}.br`)
      const gzip = read(`${name}.gz`)
      const etag = `"${createHash('sha256').update(identity).digest('base64url').slice(0, 22)}"`
      return [
        [`/${name}`, { type, etag, forms: { identity, ...(br && { br }), ...(gzip && { gzip }) } }] as const,
      ]
    }),
  )
}
