// Asks the Admin API of a real gateway whatever its document allows, and what it does not: schemathesis finds what the
// document does not say. `npm run test:api`; further arguments are schemathesis's own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Folder, freePort, RunProcess } from '../../support/process.ts'
import { fillStore, firstUser } from './shop.ts'

const port = await freePort()
const work = new Folder()
const resources = join(work.path, 'shop.yaml')
writeFileSync(
  resources,
  `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: g }
spec:
  gatewayClassName: portcullis
  addresses: [{ type: IPAddress, value: 127.0.0.1 }]
  listeners: [{ name: http, protocol: HTTP, port: ${port} }]
`,
)
const gateway = await RunProcess.start([resources], '--workers', '1', '--data', join(work.path, 'data'))
await gateway.started()
const url = `http://127.0.0.1:${gateway.admin}`
await fillStore(url, await firstUser(url, gateway))
// It deletes users and tokens, its own among them: so it asks by the socket, which nobody can take away.
const socket = join(work.path, 'data', 'run', 'admin.sock')
const way = createServer(client => {
  const gate = connect(socket)
  for (const one of [client, gate]) one.on('error', () => {})
  client.on('close', () => gate.destroy())
  // Ended by an error, it would end nothing else.
  gate.on('close', () => client.destroySoon())
  client.pipe(gate).pipe(client)
})
way.listen(0, '127.0.0.1')
await once(way, 'listening')
const { port: wayPort } = way.address() as AddressInfo
const tool = spawn(
  'schemathesis',
  [
    '--config-file',
    new URL('schemathesis.toml', import.meta.url).pathname,
    'run',
    `http://127.0.0.1:${wayPort}/v1/openapi.json`,
    ...process.argv.slice(2),
  ],
  { stdio: 'inherit', cwd: work.path },
)
const [code] = (await once(tool, 'exit')) as [number | null]
const faults = gateway.log.all.filter(({ event }) => event === 'admin.error')
for (const fault of faults) process.stderr.write(`${JSON.stringify(fault)}\n`)
way.close()
await gateway.stop()
work[Symbol.dispose]()
process.exitCode = code === 0 && faults.length === 0 ? 0 : 1
