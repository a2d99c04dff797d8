import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Authority, caConfigMap, tlsSecret } from '../support/certificates.ts'
import { send } from '../support/client.ts'
import { Pebble } from '../support/pebble.ts'
import { requirePeer } from '../support/peer.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { backend, gateway as gatewayOf, httpRoute, to, yamlOf } from '../support/resources.ts'
import { askOnce, failureOf, secure } from '../support/tls.ts'
import { TestUpstream } from '../support/upstream.ts'

interface Condition {
  readonly about: { readonly kind: string; readonly name: string }
  readonly listener?: string
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
}

interface ListenerSpec {
  readonly name: string
  readonly [field: string]: unknown
}

interface Declared {
  /** Of the plain listener. */
  readonly http?: number
  /** Of the route. */
  readonly hostnames?: readonly string[]
  readonly more?: readonly object[]
}

/** A directory, an upstream, folders, and ports that the directory looks at. */
class Scene implements AsyncDisposable {
  readonly pebble: Pebble
  readonly http: number
  readonly https: number
  readonly certificates = new Folder()
  private readonly upstream: TestUpstream
  private readonly running: RunProcess[] = []
  private readonly folders = new Map<string, Folder>()

  private constructor(pebble: Pebble, http: number, https: number, upstream: TestUpstream) {
    this.pebble = pebble
    this.http = http
    this.https = https
    this.upstream = upstream
  }

  static async set(t: TestContext, names: readonly string[], up = true): Promise<Scene | null> {
    const program = requirePeer(t, 'pebble')
    if (program === null) return null
    const [http, https] = [await freePort(), await freePort()]
    const pebble = await Pebble.prepare(program, names, { httpPort: http, tlsPort: https })
    if (up) await pebble.up()
    return new Scene(pebble, http, https, await TestUpstream.start())
  }

  /** Everything for the listeners, with a policy for their Gateway, whose plain port redirects. */
  declare(
    listeners: readonly ListenerSpec[],
    spec: object = {},
    { http = this.http, hostnames, more = [] }: Declared = {},
    folder = 'all',
  ): void {
    const { https, upstream, pebble } = this
    const policy = {
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'CertificatePolicy',
      metadata: { name: 'acme' },
      spec: {
        targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' }],
        directory: { url: pebble.directoryUrl, caCertificateRef: { name: 'directory' } },
        account: { termsOfServiceAgreed: true },
        ...spec,
      },
    }
    const all = [
      { name: 'plain', port: http },
      ...listeners.map(one => ({ port: https, protocol: 'HTTPS', ...one })),
    ]
    const parents = all.slice(1).map(({ name }) => ({ name: 'web', sectionName: name }))
    const redirect = {
      parentRefs: [{ name: 'web', sectionName: 'plain' }],
      rules: [{ filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https' } }] }],
    }
    this.folderOf(folder).write(
      'all.yaml',
      yamlOf(
        gatewayOf(all, 'web'),
        policy,
        caConfigMap('directory', pebble.authority),
        httpRoute('redirect', redirect),
        httpRoute('all', { parentRefs: parents, hostnames, rules: [{ backendRefs: [to('up')] }] }),
        backend('up', [upstream.port]),
        ...more,
      ),
    )
  }

  async run(folder = 'all'): Promise<RunProcess> {
    const process = await RunProcess.start(
      [this.folderOf(folder).path],
      '--workers',
      '2',
      '--certificates',
      this.certificates.path,
    )
    this.running.push(process)
    await process.started()
    return process
  }

  private folderOf(name: string): Folder {
    const folder = this.folders.get(name) ?? new Folder()
    this.folders.set(name, folder)
    return folder
  }

  /** Whom clients are to trust. */
  async trust(servername: string): Promise<{ ca: string; servername: string }> {
    return { ca: await this.pebble.root(), servername }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.running) await process[Symbol.asyncDispose]()
    await this.pebble[Symbol.asyncDispose]()
    await this.upstream[Symbol.asyncDispose]()
    for (const folder of this.folders.values()) folder[Symbol.dispose]()
    this.certificates[Symbol.dispose]()
  }
}

async function conditions(process: RunProcess): Promise<readonly Condition[]> {
  return ((await (await process.get('/status')).json()) as { conditions: readonly Condition[] }).conditions
}

/** The first condition of a type that is so, asked for until it is. */
async function condition(
  process: RunProcess,
  matches: (condition: Condition) => boolean,
): Promise<Condition> {
  for (;;) {
    const found = (await conditions(process)).find(matches)
    if (found !== undefined) return found
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise(resolve => setTimeout(resolve, 50))
}

function isIssued({ type, status }: Condition): boolean {
  return type === 'Issued' && status === 'True'
}

for (const challenge of ['http-01', 'tls-alpn-01'])
  test(`a listener without a certificate gets one by ${challenge}, from the moment it is there`, async t => {
    await using scene = await Scene.set(t, ['a.example'])
    if (scene === null) return
    scene.declare([{ name: 'a', hostname: 'a.example' }], { challenge })
    const gateway = await scene.run()
    const issued = await condition(gateway, isIssued)
    assert.match(issued.message, /^a\.example: valid until \S+Z, renewed on \S+Z$/)
    const trust = await scene.trust('a.example')
    assert.equal((await askOnce(scene.https, 'a.example', trust)).status, 200)
    assert.equal(scene.pebble.orders, 1)
    const programmed = await condition(gateway, one => one.listener === 'a' && one.type === 'Programmed')
    assert.equal(programmed.status, 'True')
    const metrics = await (await gateway.get('/metrics')).text()
    const resource = 'CertificatePolicy/default/acme a.example'
    assert.match(metrics, new RegExp(`certificate_expiry_timestamp_seconds\\{resource="${resource}"\\} \\d`))
    assert.match(metrics, /^portcullis_certificate_orders_total\{result="issued"\} 1$/m)
    // Nobody else's question is answered: what is not ours goes on to the routes, and no handshake is left open.
    const path = '/.well-known/acme-challenge/DGyRejmCefe7v4NfDGDKfA'
    assert.equal((await send(scene.http, { path, host: 'a.example' })).status, 302)
    assert.match(
      await failureOf(scene.https, 'a.example', { ...trust, ALPNProtocols: ['acme-tls/1'] }),
      /ALERT|RESET/,
    )
    assert.equal(readdirSync(join(scene.certificates.path, 'certificates')).length, 1)
    assert.deepEqual(readdirSync(join(scene.certificates.path, 'challenges')), [])
    assert.equal(await gateway.stop(), 0)
    // The next start serves what is there at once, whether or not the directory is.
    await scene.pebble.down()
    await scene.run()
    assert.equal((await askOnce(scene.https, 'a.example', trust)).status, 200)
  })

test('a replica answers for the order of another, and has what that obtains', async t => {
  await using scene = await Scene.set(t, ['a.example'])
  if (scene === null) return
  const [http, https] = [await freePort(), await freePort()]
  // It is there before, since a directory that looks for a name waits for seconds only, and a start may take as long.
  scene.declare([], {}, {}, 'other')
  const answers = await scene.run('other')
  const release = scene.pebble.dns.hold()
  scene.declare([{ name: 'a', hostname: 'a.example', port: https }], {}, { http })
  const orders = await scene.run()
  await scene.pebble.log.first(line => line.includes('Starting 3 validations'))
  // From here on it wants the same, where the directory looks.
  scene.declare([{ name: 'a', hostname: 'a.example' }], {}, {}, 'other')
  await condition(answers, ({ listener, type }) => listener === 'a' && type === 'Programmed')
  release()
  await Promise.all([condition(orders, isIssued), condition(answers, isIssued)])
  const trust = await scene.trust('a.example')
  const [one, two] = [
    await askOnce(https, 'a.example', trust),
    await askOnce(scene.https, 'a.example', trust),
  ]
  assert.equal(one.serial, two.serial)
  assert.equal(scene.pebble.orders, 1)
  assert.equal(answers.log.all.filter(({ event }) => event === 'certificate.ordered').length, 0)
})

test('an order of a gateway that was killed is gone on with by the next one', async t => {
  await using scene = await Scene.set(t, ['a.example'])
  if (scene === null) return
  const challenge = { challenge: 'tls-alpn-01' }
  // It is there before, for the same reason.
  scene.declare([], challenge, { http: await freePort() }, 'next')
  const second = await scene.run('next')
  const release = scene.pebble.dns.hold()
  scene.declare([{ name: 'a', hostname: 'a.example' }], challenge)
  const first = await scene.run()
  await scene.pebble.log.first(line => line.includes('Starting 3 validations'))
  await first.stop('SIGKILL')
  scene.declare([{ name: 'a', hostname: 'a.example' }], challenge, {}, 'next')
  await condition(second, ({ listener, type }) => listener === 'a' && type === 'Programmed')
  release()
  // Once the lease of the first has ended.
  await condition(second, isIssued)
  assert.equal((await askOnce(scene.https, 'a.example', await scene.trust('a.example'))).status, 200)
  assert.equal(scene.pebble.orders, 1)
})

test('while a directory is down a listener is refused, and says why; then it is served', async t => {
  await using scene = await Scene.set(t, ['a.example'], false)
  if (scene === null) return
  scene.declare([{ name: 'a', hostname: 'a.example' }])
  const gateway = await scene.run()
  const { reason, message } = await condition(
    gateway,
    one => one.type === 'Issued' && one.reason !== 'Pending',
  )
  assert.equal(reason, 'DirectoryUnreachable')
  assert.match(message, /ECONNREFUSED.*; it is tried again on \S+Z$/)
  const programmed = await condition(gateway, one => one.listener === 'a' && one.type === 'Programmed')
  assert.deepEqual([programmed.status, programmed.reason], ['False', 'Pending'])
  assert.match(await failureOf(scene.https, 'a.example', { rejectUnauthorized: false }), /ECONNRESET/)
  await scene.pebble.up()
  await condition(gateway, isIssued)
  assert.equal((await askOnce(scene.https, 'a.example', await scene.trust('a.example'))).status, 200)
})

test('a listener that has a Secret shows that until there is more, and a name without a certificate is shown none', async t => {
  await using scene = await Scene.set(t, ['a.example', 'b.example', 'blocked.example'])
  if (scene === null) return
  const authority = await Authority.make()
  const pair = await authority.issue({ names: ['old.example'] })
  const target = (sectionName: string) => ({
    group: 'gateway.networking.k8s.io',
    kind: 'Gateway',
    name: 'web',
    sectionName,
  })
  const other = await freePort()
  scene.declare(
    [{ name: 'secret', port: other, tls: { certificateRefs: [{ name: 'old' }] } }, { name: 'routes' }],
    { targetRefs: [target('secret'), target('routes')] },
    { hostnames: ['a.example', 'blocked.example'], more: [tlsSecret('old', pair)] },
  )
  const gateway = await scene.run()
  await condition(gateway, one => one.type === 'Issued' && one.reason === 'OrderRefused')
  await gateway.event('certificate.issued')
  const trust = await scene.trust('a.example')
  await until(async () => (await failureOf(scene.https, 'a.example', trust)) === 'none')
  for (const servername of ['blocked.example', 'unknown.example', ''])
    assert.match(await failureOf(scene.https, servername, { rejectUnauthorized: false, servername }), /RESET/)
  const names = async (servername: string): Promise<string> => {
    const socket = await secure(other, { servername, rejectUnauthorized: false })
    const { subjectAltName = '' } = socket.getPeerX509Certificate()!
    socket.destroy()
    return subjectAltName
  }
  assert.equal(await names('a.example'), 'DNS:a.example')
  assert.equal(await names('blocked.example'), 'DNS:old.example')
})
