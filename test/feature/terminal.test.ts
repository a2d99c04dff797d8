import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { suite, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { send } from '../support/client.ts'
import { requirePeer } from '../support/peer.ts'
import { Folder, freePort } from '../support/process.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { Seen } from '../support/until.ts'
import { TestUpstream } from '../support/upstream.ts'

// What a person sees who runs it in a terminal: script(1) gives the program a real one.

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** What one request looks like, together with the lines of the log, on a terminal of its own. */
async function shown(t: TestContext, env: Readonly<Record<string, string>>): Promise<string | null> {
  const script = requirePeer(t, 'script')
  if (script === null) return null
  await using upstream = await TestUpstream.start((_, response) => void response.end('hello'))
  const port = await freePort()
  using folder = new Folder({
    'all.yaml': yamlOf(
      gateway([{ name: 'web', port }]),
      httpRoute('r', { rules: [{ matches: [prefix('/')], backendRefs: [to('up')] }] }),
      backend('up', [upstream.port]),
    ),
  })
  const command = `exec ${process.execPath} ${main} run --workers 1 --admin off ${folder.path}`
  const { NO_COLOR: _, FORCE_COLOR: __, ...inherited } = process.env
  const child = spawn(script, ['-qefc', command, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...inherited, TERM: 'xterm', ...env },
  })
  const ended = once(child, 'close')
  const pieces = new Seen<string>()
  child.stdout.on('data', (chunk: Buffer) => pieces.push(chunk.toString()))
  const until = (text: string) => pieces.first(() => pieces.all.join('').includes(text))
  try {
    await until('started')
    assert.equal((await send(port, { path: '/cart' })).body, 'hello')
    await until('127.0.0.1:' + String(upstream.port))
    return pieces.all.join('')
  } finally {
    // As a person ends it: Ctrl-C.
    child.stdin.end('\x03')
    await ended
  }
}

suite('a terminal', () => {
  test('shows a readable line for each request, in colour', async t => {
    const text = await shown(t, {})
    if (text === null) return
    assert.match(text, /GET +\S+\/cart +\x1b\[32m200\x1b\[0m +[\d.]+ ms/)
    assert.match(text, /httproute\/default\/r\/0 → 127\.0\.0\.1:\d+/)
    assert.doesNotMatch(text, /"http\.request\.method"/)
  })

  test('gets plain text where NO_COLOR is set', async t => {
    const text = await shown(t, { NO_COLOR: '1' })
    if (text === null) return
    assert.match(text, /GET +\S+\/cart +200 +[\d.]+ ms +httproute\/default\/r\/0 → /)
    assert.doesNotMatch(text, /\x1b\[/)
  })
})
