// How soon `composition dev` serves what was saved: `node bench/dev.ts [--times N]`. A folder of `composition new`, whose
// page is changed and saved N times, and asked for until its answer is the new one.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { ask } from './lib/ask.ts'
import { buildPackage } from './lib/package.ts'
import { freePort, proxyCore, start } from './lib/process.ts'
import { median, table } from './lib/stats.ts'

const { values } = parseArgs({ options: { times: { type: 'string', default: '7' } } })
const dir = mkdtempSync(join(tmpdir(), 'portcullis-dev-'))
const port = await freePort()
const SHOWN = 'name: x.user.name,'
const DEADLINE_MS = 30_000

try {
  const program = buildPackage(join(dir, 'built'))
  execFileSync(program, ['composition', 'new', 'shop'], { cwd: dir, stdio: ['ignore', 'ignore', 'inherit'] })
  const folder = join(dir, 'shop')
  await movePorts(join(folder, 'portcullis/gateway.yaml'))
  const beganMs = performance.now()
  const command = [program, 'composition', 'dev', join(folder, 'portcullis'), '--page', '0', '--admin', 'off']
  const probe = async () => (await page())?.status === 200
  // Mocks and the folder's types are beside what it is started in.
  const inFolder = ['sh', '-c', 'cd "$0" && exec "$@"', folder, ...command]
  const log = join(dir, 'dev.log')
  const dev = await start({ name: 'composition dev', core: proxyCore, command: inFolder, log, probe })
  try {
    const startedMs = performance.now() - beganMs
    const file = join(folder, 'shop.gateway.ts')
    const text = readFileSync(file, 'utf8')
    if (!text.includes(SHOWN)) throw new Error(`${file} has no "${SHOWN}"`)
    const samples: number[] = []
    let failed = 0
    for (let i = 1; i <= Number(values.times); i++) {
      const savedMs = performance.now()
      writeFileSync(file, text.replace(SHOWN, `name: x.user.name + ' ${i}',`))
      for (let body = ''; !body.includes(` ${i}"`); body = await answer()) {
        if (performance.now() - savedMs > DEADLINE_MS) throw new Error(readFileSync(log, 'utf8').slice(-2000))
        await delay(5)
      }
      samples.push(performance.now() - savedMs)
      // What has ended is given the time to.
      await delay(500)
    }
    const worst = Math.max(...samples).toFixed(0)
    console.log(
      table([
        ['', 'served ms', 'worst ms', 'failed', 'first page ms'],
        ['saved', median(samples).toFixed(0), worst, String(failed), startedMs.toFixed(0)],
      ]),
    )

    async function answer(): Promise<string> {
      const given = await page()
      if (given?.status !== 200) failed++
      return given?.body ?? ''
    }
  } finally {
    await dev.stop()
  }
} finally {
  rmSync(dir, { recursive: true, force: true })
}

function page(): ReturnType<typeof ask> {
  return ask({ tls: false, protocol: 'http/1.1' }, port, { path: '/me/7' })
}

/** Whoever runs this may have others at the ports that the folder names. */
async function movePorts(file: string): Promise<void> {
  let text = readFileSync(file, 'utf8').replace('port: 8080', `port: ${port}`)
  for (const named of ['port: 9101', 'port: 9102']) text = text.replace(named, `port: ${await freePort()}`)
  writeFileSync(file, text)
}
