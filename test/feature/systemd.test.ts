import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { requirePeer } from '../support/peer.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { gateway, yamlOf } from '../support/resources.ts'
import { Seen } from '../support/until.ts'

suite('a service of systemd', () => {
  test('its unit is one that systemd takes', t => {
    const analyze = requirePeer(t, 'systemd-analyze')
    if (analyze === null) return
    const unit = fileURLToPath(new URL('../../deploy/portcullis.service', import.meta.url))
    assert.doesNotThrow(() => execFileSync(analyze, ['verify', unit], { stdio: 'pipe' }))
  })

  test('is active when it serves, and says that it ends', async t => {
    const socat = requirePeer(t, 'socat')
    if (socat === null || requirePeer(t, 'systemd-notify') === null) return
    const work = mkdtempSync(join(tmpdir(), 'portcullis-notify-'))
    const socket = join(work, 'notify')
    // What systemd hears.
    const listener = spawn(socat, ['-u', `UNIX-RECV:${socket}`, '-'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      const said = new Seen<string>()
      listener.stdout.on('data', (chunk: Buffer) => said.push(chunk.toString()))
      while (!existsSync(socket)) await delay(10)
      const port = await freePort()
      using folder = new Folder({ 'all.yaml': yamlOf(gateway([{ name: 'web', port }])) })
      process.env['NOTIFY_SOCKET'] = socket
      await using run = await RunProcess.start([folder.path], '--workers', '1')
      delete process.env['NOTIFY_SOCKET']
      await said.first(text => text.includes('READY=1'))
      assert.ok(run.log.all.some(line => line['event'] === 'started'))
      await run.stop()
      await said.first(text => text.includes('STOPPING=1'))
    } finally {
      listener.kill()
      rmSync(work, { recursive: true })
    }
  })
})
