// An identity provider, a service, a gateway that knows who has which token and what it allows, and what to try.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startService } from '../plans/service.ts'
import { endBySignals, isReady, startGateway } from '../quickstart/gateway.ts'
import { startIdentityProvider, type IdentityProvider } from './identity-provider.ts'

const usage =
  'node examples/jwt/start.ts [--gateway PORT] [--backend PORT] [--issuer PORT] [--admin HOST:PORT]'
const written = { gateway: '8080', backend: '9000', issuer: '9400' } as const

process.exitCode = await start(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
  return 1
})

async function start(argv: readonly string[]): Promise<number> {
  const port = { type: 'string' } as const
  const options = { gateway: port, backend: port, issuer: port, admin: port } as const
  const wanted = { ...written, admin: '127.0.0.1:8900', ...parseArgs({ args: [...argv], options }).values }
  const service = await startService(Number(wanted.backend))
  const provider = await startIdentityProvider(Number(wanted.issuer))
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-jwt-'))
  const file = join(folder, 'pets.yaml')
  const text = readFileSync(new URL('portcullis/pets.yaml', import.meta.url), 'utf8')
  writeFileSync(
    file,
    text
      .replace(`port: ${written.gateway}`, `port: ${wanted.gateway}`)
      .replace(`port: ${written.backend}`, `port: ${service.port}`)
      .replace(`http://127.0.0.1:${written.issuer}`, provider.issuer),
  )
  const data = join(folder, 'state')
  const gateway = startGateway([file, '--admin', wanted.admin, '--data', data, '--access-log', 'off'])
  endBySignals(gateway)
  if (await isReady(gateway, wanted.admin)) console.log(whatToTry(wanted.gateway, provider))
  else gateway.process.kill('SIGTERM')
  const code = await gateway.ended
  rmSync(folder, { recursive: true })
  for (const { server } of [service, provider]) {
    server.close()
    server.closeAllConnections()
  }
  return code ?? 1
}

function whatToTry(gateway: string, { issuer, client }: IdentityProvider): string {
  const pets = `http://127.0.0.1:${gateway}/v1/pets`
  const token = (scope: string): string =>
    `curl -s -u ${client.id}:${client.secret} -d grant_type=client_credentials -d scope=${scope} ${issuer}/token | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/'`
  return `
Portcullis takes tokens of ${issuer}

  curl -i ${pets}
      401: nobody without a token
  TOKEN=$(${token('read')})
      a token that may read
  curl -i -H "Authorization: Bearer $TOKEN" ${pets}
      200
  curl -i -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"name":"Curie"}' ${pets}
      403 insufficient_scope: it may not write
  TOKEN=$(${token('write')})
      and one that may, and may not read
  curl -s http://127.0.0.1:${gateway}/v1/openapi.json
      the document, which says where tokens are had

Ctrl-C ends it.
`
}
