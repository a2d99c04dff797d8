// An authority of our own, a backend with TLS, a gateway in front of it, and what to try.
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { endBySignals, isReady, startGateway } from '../quickstart/gateway.ts'
import { Authority, configMapOf, secretOf, type KeyPair } from './certificates.ts'

const usage =
  'node examples/tls/start.ts [--gateway PORT] [--clients PORT] [--backend PORT] [--admin HOST:PORT]'
const written = { gateway: '8443', clients: '8444', backend: '9443' } as const

type Ports = Readonly<Record<keyof typeof written, string>>

process.exitCode = await start(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
  return 1
})

async function start(argv: readonly string[]): Promise<number> {
  const port = { type: 'string' } as const
  const options = { gateway: port, clients: port, backend: port, admin: port } as const
  const { admin = '127.0.0.1:8900', ...wanted } = parseArgs({ args: [...argv], options }).values
  const authority = await Authority.make()
  const backend = await startBackend(await authority.issue('raw.example'), wanted.backend ?? written.backend)
  const ports = { ...written, ...wanted, backend: portOf(backend) }
  // The keys are in a folder that only this user can read, and that is gone in the end.
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-tls-'))
  await write(folder, authority, ports)
  const gateway = startGateway([join(folder, 'portcullis.yaml'), '--admin', admin, '--access-log', 'off'])
  endBySignals(gateway)
  if (await isReady(gateway, admin)) console.log(whatToTry(folder, ports))
  else gateway.process.kill('SIGTERM')
  const code = await gateway.ended
  rmSync(folder, { recursive: true })
  backend.closeAllConnections()
  backend.close()
  return code ?? 1
}

/** Answers with what it was asked: how the request came, and whose certificate the client had. */
async function startBackend({ certificate, key }: KeyPair, port: string): Promise<Server> {
  const server = createServer({ cert: certificate, key }, (request, response) => {
    const { method, url, headers } = request
    response
      .setHeader('Content-Type', 'application/json')
      .end(`${JSON.stringify({ method, url, headers })}\n`)
  })
  server.listen(Number(port), '127.0.0.1')
  await once(server, 'listening')
  return server
}

function portOf(server: Server): string {
  const address = server.address()
  return typeof address === 'object' && address !== null ? String(address.port) : ''
}

/** The resources, as they are in portcullis/ and with the certificates, and what curl needs. */
async function write(folder: string, authority: Authority, ports: Ports): Promise<void> {
  const text = readFileSync(new URL('portcullis/gateway.yaml', import.meta.url), 'utf8')
  const resources = text
    .replaceAll(`port: ${written.gateway}`, `port: ${ports.gateway}`)
    .replaceAll(`port: ${written.clients}`, `port: ${ports.clients}`)
    .replaceAll(`port: ${written.backend}`, `port: ${ports.backend}`)
  const made = [
    secretOf('shop', await authority.issue('shop.example')),
    secretOf('admin', await authority.issue('admin.example')),
    configMapOf('authority', authority),
  ]
  const client = await authority.issue('somebody')
  const mode = 0o600
  const documents = [resources, ...made.map(object => JSON.stringify(object))]
  writeFileSync(join(folder, 'portcullis.yaml'), documents.join('\n---\n'), { mode })
  writeFileSync(join(folder, 'ca.pem'), authority.root, { mode })
  writeFileSync(join(folder, 'client.pem'), client.certificate + client.key, { mode })
}

function whatToTry(folder: string, { gateway, clients }: Ports): string {
  const to = (name: string, port: string): string =>
    `--connect-to ${name}::127.0.0.1: https://${name}:${port}/`
  return `
Portcullis listens on 127.0.0.1:${gateway} and 127.0.0.1:${clients}, with certificates of an authority of its own

  cd ${folder}
  curl --cacert ca.pem ${to('shop.example', gateway)}
      decrypted, and encrypted anew to a backend that is verified
  curl --cacert ca.pem ${to('raw.example', gateway)}
      passed through on the same port: the certificate is the backend's
  curl --cacert ca.pem ${to('other.example', gateway)}
      refused: no listener has this name
  curl --cacert ca.pem --cert client.pem ${to('admin.example', clients)}
      with a client certificate, which the backend is told of
  curl --cacert ca.pem ${to('admin.example', clients)}
      refused without one

Ctrl-C ends it.
`
}
