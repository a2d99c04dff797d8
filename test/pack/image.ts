// What the Dockerfile makes, without Docker: carries out its instructions in folders of their own, then runs the entry
// point as the image would be run (its own account, nothing to write to but its volume, no network but loopback) and
// asks what a user asks. Needs Linux and root.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const project = fileURLToPath(new URL('../..', import.meta.url))

const [, , step = '', given] = process.argv
const work = given ?? mkdtempSync(join(tmpdir(), 'portcullis-image-'))

interface Stage {
  readonly root: string
  folder: string
  user: string
  readonly env: Record<string, string>
  entrypoint: readonly string[]
  command: readonly string[]
  health: readonly string[]
}

type Instruction = readonly [word: string, rest: string]

function instructionsOf(text: string): Instruction[] {
  const lines = text
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
  return lines.flatMap(line => {
    const [, word, rest] = /^([A-Z]+)\s+(.*)$/.exec(line.trim()) ?? []
    return word === undefined || rest === undefined ? [] : [[word, rest] as const]
  })
}

/** Debian of this machine in place of the base image's, with the Node.js that the project pins. */
function newStage(name: string): Stage {
  const root = join(work, name)
  for (const folder of ['usr', 'etc', 'tmp', 'proc', 'dev', 'var/lib', 'opt'])
    mkdirSync(join(root, folder), { recursive: true })
  for (const link of ['bin', 'lib', 'lib64', 'sbin'])
    if (existsSync(`/${link}`)) symlinkSync(`usr/${link}`, join(root, link))
  mount('--rbind', '/usr', join(root, 'usr'))
  mount('--rbind', '/dev', join(root, 'dev'))
  mount('--rbind', '/proc', join(root, 'proc'))
  for (const file of ['ssl', 'passwd', 'group', 'resolv.conf', 'hosts', 'nsswitch.conf', 'ca-certificates'])
    if (existsSync(`/etc/${file}`))
      cpSync(`/etc/${file}`, join(root, 'etc', file), { recursive: true, dereference: true })
  const node = join(work, `${name}-node`)
  mkdirSync(node)
  cpSync(createRequire(import.meta.url).resolve('node/bin/node'), join(node, 'node'))
  mount('--bind', node, join(root, 'usr/local/bin'))
  symlinkSync(npmOf(), join(node, 'npm'))
  return { root, folder: '/', user: '0:0', env: {}, entrypoint: [], command: [], health: [] }
}

function npmOf(): string {
  const file = execFileSync('sh', ['-c', 'readlink -f "$(command -v npm)"'], { encoding: 'utf8' }).trim()
  if (!file.startsWith('/usr/')) throw new Error(`npm is in ${file}, expected below /usr`)
  return file
}

function mount(...args: readonly string[]): void {
  execFileSync('mount', [...args])
}

function inside(stage: Stage, command: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const [uid = '0', gid = '0'] = stage.user.split(':')
  const identity =
    uid === '0'
      ? []
      : ['--reuid', uid, '--regid', gid, '--clear-groups', '--bounding-set', '-all', '--no-new-privs']
  const shell = `cd ${stage.folder} && exec "$@"`
  const program = [
    '/usr/sbin/chroot',
    stage.root,
    'setpriv',
    ...identity,
    'sh',
    '-c',
    shell,
    'sh',
    ...command,
  ]
  return {
    program: program[0]!,
    args: program.slice(1),
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', ...stage.env, ...env },
  }
}

function runIn(stage: Stage, command: readonly string[], env: Readonly<Record<string, string>>): string {
  const { program, args, env: all } = inside(stage, command, env)
  return execFileSync(program, args, { env: all, encoding: 'utf8' })
}

/** The build context, as .dockerignore leaves it. */
function context(): string {
  const folder = join(work, 'context')
  const allowed = readFileSync(join(project, '.dockerignore'), 'utf8').matchAll(/^!(.+)$/gm)
  for (const [, name = ''] of allowed)
    cpSync(join(project, name), join(folder, name), {
      recursive: true,
      filter: file => !file.endsWith('.test.ts'),
    })
  return folder
}

function build(): Stage {
  const files = context()
  const stages = new Map<string, Stage>()
  let stage: Stage | null = null
  for (const [word, rest] of instructionsOf(readFileSync(join(project, 'Dockerfile'), 'utf8'))) {
    if (word === 'FROM') {
      const name = / AS (\S+)$/.exec(rest)?.[1] ?? 'last'
      if (!rest.startsWith('node:24-slim')) throw new Error(`FROM ${rest}: expected node:24-slim`)
      stage = newStage(name)
      stages.set(name, stage)
      continue
    }
    if (stage === null) throw new Error(`${word} before FROM`)
    carryOut(stage, word, rest, stages, files)
  }
  return stage!
}

function carryOut(
  stage: Stage,
  word: string,
  rest: string,
  stages: ReadonlyMap<string, Stage>,
  files: string,
): void {
  switch (word) {
    case 'WORKDIR':
      stage.folder = rest
      mkdirSync(join(stage.root, rest), { recursive: true })
      return
    case 'COPY':
      return copy(stage, rest.split(/\s+/), stages, files)
    case 'RUN': {
      // Of the machine that builds: where its registry is, and a place for npm's cache.
      const npm = Object.fromEntries(
        Object.entries(process.env).filter(([name]) =>
          /^(npm_config_|NPM_CONFIG_|https?_proxy$|HTTPS?_PROXY$|NODE_EXTRA_CA_CERTS$)/.test(name),
        ),
      )
      const rc = join(process.env['HOME'] ?? '/root', '.npmrc')
      if (existsSync(rc)) cpSync(rc, join(stage.root, 'tmp/.npmrc'))
      runIn(stage, ['sh', '-euc', rest], {
        ...(npm as Record<string, string>),
        HOME: '/tmp',
        npm_config_cache: '/tmp/npm',
      })
      return
    }
    case 'ENV':
      for (const [, name = '', value = ''] of rest.matchAll(/([A-Z_]+)=(\S+)/g)) stage.env[name] = value
      return
    case 'USER':
      stage.user = rest
      return
    case 'ENTRYPOINT':
      stage.entrypoint = JSON.parse(rest) as string[]
      return
    case 'CMD':
      stage.command = JSON.parse(rest) as string[]
      return
    case 'HEALTHCHECK':
      stage.health = JSON.parse(rest.slice(rest.indexOf('['))) as string[]
      return
    case 'VOLUME':
    case 'EXPOSE':
    case 'STOPSIGNAL':
      return
    default:
      throw new Error(`${word}: this test does not know what it does`)
  }
}

function copy(
  stage: Stage,
  words: readonly string[],
  stages: ReadonlyMap<string, Stage>,
  files: string,
): void {
  const from = words[0]?.startsWith('--from=') ? words[0].slice(7) : null
  const names = from === null ? words : words.slice(1)
  const base = from === null ? files : stages.get(from)!.root
  const target = resolve(stage.folder, names.at(-1)!)
  for (const name of names.slice(0, -1)) {
    const source = join(base, name)
    const into =
      names.at(-1)!.endsWith('/') || names.length > 2 ? join(target, name.split('/').at(-1)!) : target
    mkdirSync(join(stage.root, dirname(into)), { recursive: true })
    cpSync(source, join(stage.root, into), { recursive: true, verbatimSymlinks: true })
  }
}

const gateway = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { name: 'image' },
  spec: { gatewayClassName: 'portcullis', listeners: [{ name: 'http', protocol: 'HTTP', port: 8080 }] },
}

function bytesOf(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map(name => statSync(join(folder, name), { throwIfNoEntry: false }))
    .reduce((sum, stats) => sum + (stats?.isFile() === true ? stats.size : 0), 0)
}

/** The last one in 15 s, or the first that is as wanted. */
async function statusOf(url: string, wanted: number): Promise<number> {
  let status = 0
  for (let i = 0; i < 300; i++) {
    status = await fetch(url).then(
      answer => answer.status,
      () => 0,
    )
    if (status === wanted) break
    await delay(50)
  }
  return status
}

function expect(what: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`${what}: expected ${String(expected)}, got ${String(actual)}`)
  console.log(`image: ${what}: ok`)
}

/** Read-only but for the volume, as `--read-only` and Kubernetes' readOnlyRootFilesystem have it. */
function lock(image: Stage): void {
  const volume = join(work, 'volume')
  mkdirSync(volume)
  chownSync(volume, 65_532, 65_532)
  mount('--rbind', image.root, image.root)
  mount('--bind', volume, join(image.root, 'var/lib/portcullis'))
  mount('-o', 'remount,bind,ro', image.root)
}

function healthOf(image: Stage): number {
  const { program, args, env } = inside(image, image.health)
  return spawnSync(program, args, { env }).status ?? -1
}

async function serve(image: Stage): Promise<void> {
  execFileSync('ip', ['link', 'set', 'lo', 'up'])
  const { program, args, env } = inside(image, [...image.entrypoint, ...image.command])
  const child = spawn(program, args, { env, stdio: 'inherit' })
  const ended = once(child, 'exit')
  process.on('exit', () => child.kill('SIGKILL'))
  expect('serves', await statusOf('http://127.0.0.1:8080/', 404), 404)
  expect('is ready', await statusOf('http://127.0.0.1:8900/readyz', 200), 200)
  expect('says that it is healthy', healthOf(image), 0)
  child.kill('SIGTERM')
  await ended
  expect('ends by SIGTERM', child.exitCode, 0)
  expect('says that it is not healthy', healthOf(image), 1)
}

function buildAndServe(): void {
  const image = build()
  const program = join(image.root, 'opt/portcullis')
  const superfluous = ['src', 'node_modules/typescript', 'node_modules/node'].filter(name =>
    existsSync(join(program, name)),
  )
  expect('no sources and no development dependency', superfluous.join(), '')
  console.log(`image: ${(bytesOf(program) / 1e6).toFixed(1)} MB on top of Node.js`)
  writeFileSync(join(image.root, 'etc/portcullis/gateway.yaml'), JSON.stringify(gateway))
  lock(image)
  writeFileSync(join(work, 'image.json'), JSON.stringify(image))
  // Without any network but its own loopback, where its ports are free.
  again(['--net'], 'serve')
}

/** This program once more, in namespaces of its own. */
function again(namespaces: readonly string[], next: string): void {
  const args = [...namespaces, process.execPath, fileURLToPath(import.meta.url), next, work]
  execFileSync('unshare', args, { stdio: 'inherit' })
}

switch (step) {
  case 'build':
    buildAndServe()
    break
  case 'serve':
    await serve(JSON.parse(readFileSync(join(work, 'image.json'), 'utf8')) as Stage)
    break
  default:
    try {
      // Here nothing is mounted when it is removed.
      again(['--mount'], 'build')
    } finally {
      rmSync(work, { recursive: true, force: true })
    }
}
