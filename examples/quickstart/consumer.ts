import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

const ACCOUNT = 'quickstart'
const APPLICATION = 'demo'
const PRODUCT = 'shop'
const PLAN = 'trial'
/** What its keys are called. */
const LABEL = 'quickstart'

interface Credential {
  readonly id: string
  readonly name: string
  readonly prefix: string
  readonly status: string
}

/**
 * Has an application `quickstart/demo` be subscribed to the shop, and gives its key: the same at each start, for it is
 * kept in the folder of --data. What is there already is left as it is. By the gateway's socket, as commands do it.
 */
export async function readyKey(dataDir: string): Promise<string> {
  const admin = new Admin(join(dataDir, 'run', 'admin.sock'))
  const application = await admin.application()
  await admin.subscribe(application)
  const file = join(dataDir, 'quickstart.key')
  const own = (await admin.credentials(application)).filter(
    ({ name, status }) => name === LABEL && status === 'active',
  )
  const kept = keptKey(file)
  if (own.some(({ prefix }) => kept.startsWith(prefix))) return kept
  // A key is shown once: of one that was not kept nobody can make use any more.
  for (const { id } of own) await admin.ask('POST', `/v1/credentials/${id}/revoke`, {})
  const { key } = await admin.ask<{ readonly key: string }>(
    'POST',
    `/v1/applications/${application}/credentials`,
    { name: LABEL },
  )
  writeFileSync(`${file}.new`, `${key}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
  return key
}

function keptKey(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return ''
  }
}

class Admin {
  private readonly socketPath: string

  constructor(socketPath: string) {
    this.socketPath = socketPath
  }

  /** Its id. */
  async application(): Promise<string> {
    await this.ask('PUT', `/v1/accounts/${ACCOUNT}`, { title: 'The quickstart' })
    const path = `/v1/applications/${APPLICATION}?account=${ACCOUNT}`
    const { id } = await this.ask<{ readonly id: string }>('PUT', path, {
      title: 'An application to try with',
    })
    return id
  }

  async subscribe(application: string): Promise<void> {
    const path = `/v1/subscriptions?application=${application}&product=${PRODUCT}`
    const { items } = await this.ask<{ readonly items: readonly { readonly status: string }[] }>('GET', path)
    if (items.some(({ status }) => ['pending', 'active', 'suspended'].includes(status))) return
    await this.ask('POST', '/v1/subscriptions', { application, product: PRODUCT, plan: PLAN })
  }

  async credentials(application: string): Promise<readonly Credential[]> {
    const path = `/v1/applications/${application}/credentials?limit=1000`
    return (await this.ask<{ readonly items: readonly Credential[] }>('GET', path)).items
  }

  /** Throws what the gateway says where it will not. */
  async ask<T>(method: string, path: string, body?: object): Promise<T> {
    const content = body === undefined ? {} : { 'content-type': 'application/json' }
    const headers = { host: 'localhost', ...content }
    const call = request({ socketPath: this.socketPath, method, path, headers })
    call.end(body === undefined ? undefined : JSON.stringify(body))
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      call.on('response', resolve).on('error', reject)
    })
    const answer = await text(response)
    if ((response.statusCode ?? 500) > 299) throw new Error(`${method} ${path}: ${answer}`)
    return JSON.parse(answer) as T
  }
}
