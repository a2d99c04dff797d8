import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { TestContext } from 'node:test'
import { requirePeer } from './peer.ts'
import { freePort } from './process.ts'

/** An API server begins in three seconds, and on a machine that is busy in many more. */
const BEGIN_MS = 60_000

const TOKEN = 'test-token'

export interface Answered {
  readonly status: number
  readonly body: string
  /** What the API server warns of, one text each. */
  readonly warnings: readonly string[]
}

/** etcd and kube-apiserver (`kube`, see .ci/kube) on loopback, of this user's own and with nothing in them. */
export class RealCluster implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'portcullis-kube-'))
  readonly kubeconfig = join(this.folder, 'kubeconfig')
  private readonly accountsKey = join(this.folder, 'accounts.key')
  private readonly program: string
  private readonly children: ChildProcess[] = []
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 16 })
  private port = 0
  private etcd = ''
  private server: readonly string[] = []
  private authority: Buffer = Buffer.alloc(0)

  private constructor(program: string) {
    this.program = program
    process.once('exit', () => rmSync(this.folder, { recursive: true, force: true }))
  }

  /** Null where there is no such program: the test is skipped then, and fails in CI. `flags`: more of the API server. */
  static async start(t: Pick<TestContext, 'skip'>, ...flags: readonly string[]): Promise<RealCluster | null> {
    const program = requirePeer(t, 'kube')
    if (program === null) return null
    const cluster = new RealCluster(program)
    try {
      await cluster.up(flags)
    } catch (error) {
      await cluster[Symbol.asyncDispose]()
      throw error
    }
    return cluster
  }

  private async up(flags: readonly string[]): Promise<void> {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const key = this.accountsKey
    const known = join(this.folder, 'accounts.pub')
    const tokens = join(this.folder, 'tokens.csv')
    writeFileSync(key, privateKey.export({ type: 'sec1', format: 'pem' }))
    writeFileSync(known, publicKey.export({ type: 'spki', format: 'pem' }))
    writeFileSync(tokens, `${TOKEN},admin,admin,system:masters\n`)
    const [clients, peers] = [await freePort(), await freePort()]
    this.port = await freePort()
    this.etcd = `http://127.0.0.1:${clients}`
    this.run('etcd', join(this.folder, 'etcd'), this.etcd, `http://127.0.0.1:${peers}`)
    this.server = [
      'apiserver',
      `--etcd-servers=${this.etcd}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${this.port}`,
      '--advertise-address=127.0.0.1',
      '--endpoint-reconciler-type=none',
      `--cert-dir=${join(this.folder, 'pki')}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${known}`,
      `--service-account-signing-key-file=${key}`,
      '--service-cluster-ip-range=10.96.0.0/16',
      `--token-auth-file=${tokens}`,
      '--authorization-mode=RBAC',
      '--disable-admission-plugins=ServiceAccount',
      ...flags,
    ]
    this.run(...this.server)
    const certificate = join(this.folder, 'pki', 'apiserver.crt')
    await this.until(() => existsSync(certificate) && readFileSync(certificate).length > 0)
    this.authority = readFileSync(certificate)
    await this.answers()
    writeFileSync(this.kubeconfig, this.configFor(TOKEN))
  }

  private async answers(): Promise<void> {
    await this.until(async () => (await this.ask('GET', '/readyz').catch(() => null))?.status === 200)
  }

  /** The API server ends at once, with all watches, and another one takes its place; `meanwhile` is what happens in between. */
  async restartServer(meanwhile: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    const index = this.children.findIndex(({ spawnargs }) => spawnargs.includes('apiserver'))
    const [child] = this.children.splice(index, 1)
    child!.kill('SIGKILL')
    await once(child!, 'exit')
    await meanwhile()
    this.run(...this.server)
    await this.answers()
  }

  /** etcd forgets all versions but the last of each object: who asks for what came after an earlier one is told 410. */
  async compact(): Promise<void> {
    const post = async (path: string, body: object): Promise<unknown> => {
      const response = await fetch(`${this.etcd}/v3/kv/${path}`, {
        method: 'POST',
        body: JSON.stringify(body),
      })
      if (!response.ok) throw new Error(`${path}: ${await response.text()}`)
      return response.json()
    }
    const { header } = (await post('range', { key: 'AA==' })) as {
      readonly header: { readonly revision: string }
    }
    await post('compaction', { revision: header.revision, physical: true })
  }

  private async until(holds: () => boolean | Promise<boolean>): Promise<void> {
    for (const end = performance.now() + BEGIN_MS; !(await holds()); await setTimeout(50)) {
      const ended = this.children.find(({ exitCode }) => exitCode !== null)
      if (ended !== undefined) throw new Error(`${ended.spawnargs.join(' ')} has ended by itself`)
      if (performance.now() > end) throw new Error('the API server has not begun')
    }
  }

  /** A kubeconfig of who has this token, in whose Pods this namespace would be. */
  configFor(token: string, namespace = 'default'): string {
    const certificate = join(this.folder, 'pki', 'apiserver.crt')
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'test',
          cluster: { server: `https://127.0.0.1:${this.port}`, 'certificate-authority': certificate },
        },
      ],
      users: [{ name: 'test', user: { token } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace } }],
      'current-context': 'test',
    })
  }

  /** Controllers of Kubernetes itself, by their names. */
  control(...names: readonly string[]): void {
    this.run(
      'controllers',
      `--kubeconfig=${this.kubeconfig}`,
      '--leader-elect=false',
      '--secure-port=0',
      `--controllers=${names.join()}`,
      `--service-account-private-key-file=${this.accountsKey}`,
    )
  }

  private run(...args: readonly string[]): void {
    const child = spawn(this.program, args, { stdio: ['ignore', 'ignore', 'ignore'] })
    this.children.push(child)
  }

  /** What the API server answers to the one that may do everything. */
  async ask(method: string, path: string, body?: unknown, type = 'application/json'): Promise<Answered> {
    const payload = body === undefined ? '' : JSON.stringify(body)
    const asked = request({
      host: '127.0.0.1',
      port: this.port,
      ca: this.authority,
      method,
      path,
      // Node sends the body of a DELETE without its length otherwise.
      headers: {
        authorization: `Bearer ${TOKEN}`,
        'content-type': type,
        'content-length': Buffer.byteLength(payload),
      },
      agent: this.agent,
    })
    asked.end(payload)
    const [response] = (await once(asked, 'response')) as [IncomingMessage]
    let text = ''
    for await (const chunk of response.setEncoding('utf8')) text += chunk as string
    const warning = response.headers['warning'] ?? []
    return {
      status: response.statusCode ?? 0,
      body: text,
      warnings: [warning]
        .flat()
        .flatMap(line => [...line.matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map(m => m[1]!)),
    }
  }

  /** What `kubectl` prints; throws what it says where it fails. */
  kubectl(args: readonly string[], input = ''): string {
    return execFileSync(this.program, ['kubectl', `--kubeconfig=${this.kubeconfig}`, ...args], {
      input,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'pipe'],
    })
  }

  /** Whether `kubectl` succeeds, and all that it says. */
  tryKubectl(args: readonly string[], input = ''): { readonly ok: boolean; readonly said: string } {
    const { status, stdout, stderr } = spawnSync(
      this.program,
      ['kubectl', `--kubeconfig=${this.kubeconfig}`, ...args],
      { input, encoding: 'utf8' },
    )
    return { ok: status === 0, said: stdout + stderr }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.agent.destroy()
    for (const child of this.children.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    rmSync(this.folder, { recursive: true, force: true })
  }
}
