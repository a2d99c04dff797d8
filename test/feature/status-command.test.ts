import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AdminListener } from '../../src/admin/listener.ts'
import { AdminPaths } from '../../src/admin/paths.ts'
import { portcullis } from '../support/command.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { seenIn } from '../support/seen.ts'

test('status says what a gateway serves and what is wrong, by the socket and by the listener', async () => {
  const port = await freePort()
  const rules = [{ backendRefs: [to('up'), to('gone')] }]
  const text = yamlOf(gateway([{ name: 'http', port }]), backend('up', [9]), httpRoute('r', { rules }))
  using folder = new Folder({ 'a.yaml': text })
  using data = new Folder()
  await using run = await RunProcess.start([folder.path], '--workers', '1', '--data', data.path)
  await run.started()
  for (const where of [
    ['--data', data.path],
    ['--admin', `http://127.0.0.1:${run.admin}`],
  ]) {
    const { code, stdout, stderr } = await portcullis(['status', ...where])
    assert.deepEqual([code, stderr], [0, ''])
    assert.match(stdout, /^gateway {3}ready, portcullis \S+, 1 worker, up /)
    assert.match(
      stdout,
      /^serves {4}1 gateway, 1 listener, 1 rule, 1 cluster, 1 endpoint; version 1, since /m,
    )
    assert.match(stdout, new RegExp(`^port {6}\\*:${port} http$`, 'm'))
    assert.match(stdout, /^problems {2}1 error$/m)
    assert.match(
      stdout,
      /^error {5}\S+a\.yaml:\d+:\d+ HTTPRoute\/r spec\.rules\[0\]\.backendRefs\[1\]: .*Backend default\/gone does not exist/m,
    )
    const json = await portcullis(['status', '-o', 'json', ...where])
    const { ready, findings } = JSON.parse(json.stdout) as { ready: boolean; findings: { reason: string }[] }
    assert.deepEqual([json.code, ready, findings.map(({ reason }) => reason)], [0, true, ['BackendNotFound']])
  }
})

test('1 where it does not serve, 2 where there is none', async () => {
  const admin = new AdminListener({
    seen: seenIn({ ready: () => false }),
    paths: new AdminPaths(),
    metrics: () => Promise.resolve(''),
  })
  const { port } = await admin.listen('127.0.0.1', 0)
  const where = ['--admin', `http://127.0.0.1:${port}`]
  const notReady = await portcullis(['status', ...where])
  assert.equal(notReady.code, 1)
  assert.match(notReady.stdout, /^gateway {3}not ready, [^]*^serves {4}nothing yet$/m)
  admin.close()
  const gone = await portcullis(['status', ...where])
  assert.deepEqual([gone.code, gone.stdout], [2, ''])
  assert.match(
    gone.stderr,
    /^portcullis: status: nobody answers at http:\/\/127\.0\.0\.1:\d+ \(ECONNREFUSED\)\n$/,
  )
  using data = new Folder()
  assert.equal((await portcullis(['status', '--data', data.path])).code, 2)
})
