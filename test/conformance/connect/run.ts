// Connect's conformance suite against a composition that transcodes, with the suite's own server behind it, by gRPC:
// `npm run test:connect`; further arguments are the suite's own (--run PATTERN, --trace). What is expected to fail must.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { selfSigned } from '../../support/certificates.ts'
import { Folder, freePort, RunProcess } from '../../support/process.ts'
import { files, type UnderTest } from './gateway.ts'
import { firstMessage, framed, readResponse, requestBytes } from './messages.ts'

const folder = new Folder()
const backend = spawn('referenceserver', { stdio: ['pipe', 'pipe', 'inherit'] })
// gRPC over HTTP/2, with room for more than the gateway lets through.
backend.stdin.end(framed(requestBytes({ protocol: 2, httpVersion: 2, messageReceiveLimit: 1024 * 1024 })))
const { port: backendPort } = readResponse(await firstMessage(backend.stdout))

const ports = { plain: await freePort(), secure: await freePort(), mutual: await freePort() }
const pair = await selfSigned({ names: ['localhost'], ips: ['127.0.0.1'] })
const resources = join(folder.path, 'resources')
const under: UnderTest = { folder: resources, ports, certificate: pair.chain }
folder.write('under-test.json', JSON.stringify(under))
for (const [name, text] of Object.entries(files(ports, backendPort, pair)))
  folder.write(`resources/${name}`, text)
const gateway = await RunProcess.start([resources], '--workers', '1', '--data', join(folder.path, 'data'))
await gateway.started()

const here = (name: string): string => join(import.meta.dirname, name)
const suite = spawn(
  'connectconformance',
  [
    '--mode=server',
    '--max-servers=2',
    `--conf=${here('config.yaml')}`,
    `--known-failing=@${here('expected-failures.txt')}`,
    ...process.argv.slice(2),
    '--',
    process.execPath,
    here('server.ts'),
  ],
  { stdio: 'inherit', env: { ...process.env, UNDER_TEST: join(folder.path, 'under-test.json') } },
)
const [code] = (await once(suite, 'exit')) as [number | null]
const faults = gateway.log.all.filter(({ level }) => level === 'error')
for (const fault of faults) process.stderr.write(`${JSON.stringify(fault)}\n`)
await gateway.stop()
backend.kill()
folder[Symbol.dispose]()
process.exitCode = code === 0 && faults.length === 0 ? 0 : 1
