// http-cache-tests (https://cache-tests.fyi) against our cache and nginx's in one run: `npm run test:cache`. Fails where
// a required test fails, or nginx passes more than we do.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { Folder, freePort, RunProcess } from '../../support/process.ts'
import { simpleYaml } from '../../support/upstream.ts'
import { yamlOf } from '../../support/resources.ts'
import { trafficPolicy } from '../../support/traffic.ts'
import { passes, resultOf, type Results, type Test } from './results.ts'

const tests = resolve(import.meta.dirname, '../../../.ci/cache-tests/bin/package')
if (!existsSync(tests)) throw new Error('http-cache-tests is missing: .ci/cache-tests/fetch gets it')

interface Suite {
  readonly tests: readonly Test[]
}

const { default: suites } = (await import(`${tests}/tests/index.mjs`)) as { default: readonly Suite[] }
const all = suites.flatMap(suite => suite.tests).filter(test => test.browser_only !== true)
using work = new Folder()

const origin = await freePort()
const server = spawn(process.execPath, [join(tests, 'server/server.mjs')], {
  cwd: tests,
  stdio: ['ignore', 'ignore', 'inherit'],
  env: {
    ...process.env,
    npm_config_protocol: 'http',
    npm_config_port: String(origin),
    npm_config_pidfile: join(work.path, 'server.pid'),
  },
})
await listening(origin)
const ours = await withPortcullis()
const theirs = await withNginx()
server.kill()

const count = (results: Results): number => all.filter(test => passes(test, results, all)).length
const broken = all.filter(
  test => resultOf(test, ours, all) === 'fail' && (test.kind ?? 'required') === 'required',
)
for (const test of all) {
  if (passes(test, ours, all)) continue
  const other = passes(test, theirs, all) ? 'nginx passes' : ''
  const result = ours[test.id]
  const why = result === undefined || result === true ? '' : result[1]
  const columns = [
    resultOf(test, ours, all).padEnd(10),
    (test.kind ?? 'required').padEnd(8),
    other.padEnd(12),
  ]
  process.stdout.write(`${columns.join(' ')} ${test.id}: ${why}\n`)
}
process.stdout.write(`of ${all.length} tests Portcullis passes ${count(ours)}, nginx ${count(theirs)}\n`)
process.stdout.write(`${count(ours)} passed, ${broken.length} failed\n`)
process.exitCode = broken.length === 0 && count(ours) >= count(theirs) ? 0 : 1

async function withPortcullis(): Promise<Results> {
  const port = await freePort()
  const file = join(work.path, 'site.yaml')
  // Guesses are among what is tested, though only where a cache makes any.
  const cache = { heuristicPercent: 10 }
  const policy = trafficPolicy('pages', { kind: 'HTTPRoute', name: 'all' }, { cache })
  writeFileSync(
    file,
    `${simpleYaml(origin).replace('port: 80 }]', `port: ${port} }]`)}---\n${yamlOf(policy)}`,
  )
  await using gateway = await RunProcess.start([file], '--workers', '1', '--data', join(work.path, 'data'))
  await gateway.started()
  return await measure(port)
}

async function withNginx(): Promise<Results> {
  const port = await freePort()
  const folder = join(work.path, 'nginx')
  mkdirSync(folder)
  writeFileSync(join(folder, 'nginx.conf'), nginxConf(folder, port))
  const nginx = spawn(
    'nginx',
    ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  )
  try {
    await listening(port)
    return await measure(port)
  } finally {
    await stop(nginx)
  }
}

/** As the suite's own image has it. */
function nginxConf(folder: string, port: number): string {
  return `daemon off; worker_processes 1; pid ${folder}/pid; user root;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_cache_path ${folder}/cache levels=1:2 keys_zone=my-cache:8m max_size=1000m inactive=600m;
  proxy_temp_path ${folder}/tmp;
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${origin};
      proxy_cache my-cache;
      proxy_cache_revalidate on;
      proxy_http_version 1.1;
    }
  }
}
`
}

/** In a process of its own: the suite keeps its results in its modules. */
async function measure(port: number): Promise<Results> {
  const suite = join(import.meta.dirname, 'suite.ts')
  const child = spawn(process.execPath, [suite, tests, `http://127.0.0.1:${port}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return JSON.parse(await text(child.stdout)) as Results
}

async function listening(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const there = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'close').then(() => false),
    ]).catch(() => false)
    socket.destroy()
    if (there) return
    await setTimeout(20)
  }
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill()
  if (child.exitCode === null) await once(child, 'exit')
}
