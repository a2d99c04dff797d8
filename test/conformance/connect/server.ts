// What the suite starts for each kind of server, and ends by SIGTERM: says where of the gateway under test that is.
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { listens } from '../../support/listens.ts'
import { mutualYaml, underTest } from './gateway.ts'
import { firstMessage, framed, readRequest, responseBytes } from './messages.ts'

const ended = once(process, 'SIGTERM')
const { useTls, clientTlsCert } = readRequest(await firstMessage(process.stdin))
const { folder, ports, certificate } = underTest()
if (clientTlsCert.length > 0) await declareMutual(Buffer.from(clientTlsCert).toString())
const port = clientTlsCert.length > 0 ? ports.mutual : useTls ? ports.secure : ports.plain
const pemCert = useTls ? Buffer.from(certificate) : new Uint8Array()
process.stdout.write(framed(responseBytes({ host: '127.0.0.1', port, pemCert })))
// Nothing else keeps the process.
const held = setInterval(() => undefined, 60_000)
await ended
clearInterval(held)

/** The suite makes the authority of its clients when it begins, so that the Gateway comes while others serve already. */
async function declareMutual(authority: string): Promise<void> {
  const file = join(folder, 'mutual.yaml')
  writeFileSync(`${folder}/.mutual-${process.pid}`, mutualYaml(ports.mutual, authority))
  renameSync(`${folder}/.mutual-${process.pid}`, file)
  while (!(await listens(ports.mutual))) await wait(50)
}
