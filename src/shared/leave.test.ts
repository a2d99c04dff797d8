import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

/** How a process of this code ends. */
function ends(code: string, ...flags: readonly string[]) {
  const module = `import { leave } from ${JSON.stringify(new URL('leave.ts', import.meta.url).href)}\n${code}`
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    [...flags, '--input-type=module', '--eval', module],
    { encoding: 'utf8', timeout: 60_000 },
  )
  return { status, signal, stdout, stderr }
}

for (const code of [0, 1, 130])
  test(`ends with ${code} at once, and says nothing`, () => {
    const held = `import { createServer } from 'node:net'
import { Worker } from 'node:worker_threads'
createServer().listen(0, '127.0.0.1', () => {
  new Worker('setInterval(() => 0, 1); process.on("exit", () => console.log("worker"))', { eval: true })
    .on('online', () => leave(${code}))
})
process.on('exit', () => console.log('exit'))`
    assert.deepEqual(ends(held), { status: code, signal: null, stdout: '', stderr: '' })
  })

test('what was written has been written', () => {
  const { stdout, status } = ends(`process.stdout.write('x'.repeat(1_000_000), () => leave(3))`)
  assert.deepEqual([status, stdout.length], [3, 1_000_000])
})

test('its environment does not change how it ends', () => {
  const { status, stderr } = ends(
    `Object.assign(process.env, { NODE_OPTIONS: '--no-such-flag', ENV: '/none' }); leave(4)`,
  )
  assert.deepEqual([status, stderr], [4, ''])
})

test('process.exit of a process of tests ends so, with the code that is set', () => {
  const preload = `--import=${new URL('../../test/support/leave-at-end.ts', import.meta.url).href}`
  const code = `process.on('exit', () => console.log('exit')); setInterval(() => 0, 1)`
  assert.deepEqual(ends(`${code}; process.exit(5)`, preload), {
    status: 5,
    signal: null,
    stdout: 'exit\n',
    stderr: '',
  })
  assert.equal(ends(`${code}; process.exitCode = 6; process.exit()`, preload).status, 6)
})
