import * as acme from 'acme-client'
import { calling, said, type Calling } from './calls.ts'
import { AcmeRefusal } from './refusal.ts'
import type { CertificateStore, DocumentName } from './store.ts'
import { accountId, type AccountSettings } from './wanted.ts'

/** As it is kept. */
interface StoredAccount {
  readonly directory: string
  readonly email: string
  /** PEM. */
  readonly key: string
  /** The directory's name for it; "" until it has one. */
  readonly url: string
}

/** An account of a directory, made when it is first needed; all replicas have the same one. */
export class Account {
  private readonly settings: AccountSettings
  private readonly store: CertificateStore
  private readonly document: DocumentName

  constructor(settings: AccountSettings, store: CertificateStore) {
    this.settings = settings
    this.store = store
    this.document = `accounts/${accountId(settings)}.json`
  }

  /** Ready to be asked for certificates. */
  async open(call: Calling): Promise<acme.Client> {
    const stored = (await this.read()) ?? (await this.make())
    if (stored.url !== '') return this.client(stored)
    return this.register(stored, call)
  }

  /** For a directory that has forgotten the account: with the same key it is given again. */
  async reopen(call: Calling): Promise<acme.Client> {
    const stored = await this.read()
    return stored === null ? this.open(call) : this.register({ ...stored, url: '' }, call)
  }

  private client({ key, url }: StoredAccount): acme.Client {
    const { directoryUrl, externalAccount } = this.settings
    return new acme.Client({
      directoryUrl,
      accountKey: key,
      ...(url === '' ? {} : { accountUrl: url }),
      ...(externalAccount === null
        ? {}
        : { externalAccountBinding: { kid: externalAccount.keyId, hmacKey: externalAccount.key } }),
    })
  }

  private async register(stored: StoredAccount, call: Calling): Promise<acme.Client> {
    const { email } = this.settings
    const client = this.client(stored)
    const contact = email === '' ? {} : { contact: [`mailto:${email}`] }
    try {
      await calling(call, () => client.createAccount({ termsOfServiceAgreed: true, ...contact }))
    } catch (error) {
      // Of one that is there already the library changes what is as it was, and some directories refuse that.
      if (urlOf(client) === '') throw asAccountRefused(error)
    }
    await this.store.write(this.document, text({ ...stored, url: urlOf(client) }))
    return client
  }

  /** Of several replicas that make one at once, the first has made it for all. */
  private async make(): Promise<StoredAccount> {
    const { directoryUrl, email } = this.settings
    const key = (await acme.crypto.createPrivateEcdsaKey()).toString()
    const made = { directory: directoryUrl, email, key, url: '' }
    if (await this.store.create(this.document, text(made))) return made
    return (await this.read()) ?? made
  }

  private async read(): Promise<StoredAccount | null> {
    const found = await this.store.read(this.document)
    if (found === null) return null
    try {
      const { directory, email, key, url } = JSON.parse(found) as Record<string, unknown>
      if (typeof key === 'string' && typeof url === 'string')
        return { directory: String(directory), email: String(email), key, url }
    } catch {
      // Told below.
    }
    throw new AcmeRefusal(
      'StoreFailed',
      `${this.document} cannot be read as an account; remove it for a new one`,
    )
  }
}

/** Whether the directory does not know the account that we have asked with. */
export function isForgotten(call: Calling): boolean {
  return said(call, 'accountDoesNotExist')
}

function urlOf(client: acme.Client): string {
  try {
    return client.getAccountUrl()
  } catch {
    return ''
  }
}

function asAccountRefused(error: unknown): unknown {
  if (!(error instanceof AcmeRefusal) || error.reason !== 'OrderRefused') return error
  return new AcmeRefusal('AccountRefused', error.message, error.retryAfterMs, error)
}

function text(account: StoredAccount): string {
  return `${JSON.stringify(account, null, 2)}\n`
}
