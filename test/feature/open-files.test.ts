import assert from 'node:assert/strict'
import { test } from 'node:test'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { attacker, connectFrom, neighbour } from '../support/from.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'

test('more silent connections than the process may have files open leave room for others, and for backends', async () => {
  await using upstream = await TestUpstream.start()
  const port = await freePort()
  using folder = new Folder({
    'all.yaml': yamlOf(
      gateway([{ name: 'web', port }]),
      httpRoute('all', { rules: [{ backendRefs: [to('up')] }] }),
      backend('up', [upstream.port]),
    ),
  })
  await using gatewayProcess = await RunProcess.startWithin(600, [folder.path], '--workers', '1')
  await gatewayProcess.started()
  const silent: Socket[] = []
  for (let i = 0; i < 1_000; i++) silent.push(await connectFrom(attacker, port))
  for (let i = 0; i < 5; i++) {
    const socket = await connectFrom(neighbour, port)
    socket.write(REQUEST)
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    assert.match(chunk.toString('latin1'), /^HTTP\/1\.1 200 /)
    socket.destroy()
  }
  for (const socket of silent) socket.destroy()
})
