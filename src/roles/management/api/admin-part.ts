import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ApiPart } from '../../../api/api.ts'
import { AdminError } from '../../../api/errors.ts'
import type { Resources } from '../../../model/resources.ts'
import type { ServiceKit, Wants } from '../../../translation/service.ts'
import { Directory } from '../access/directory.ts'
import { firstSetupToken } from '../access/setup-token.ts'
import type { Peppers } from '../credentials/peppers.ts'
import { PeppersFile } from '../credentials/peppers-file.ts'
import type { LastKnown } from '../last-known/last-known-file.ts'
import { StoreSource } from '../objects/store-source.ts'
import type { Part } from '../part.ts'
import { PUBLISHED } from '../rows.ts'
import type { Change, Following, Store } from '../store/store.ts'
import type { PublishedApis } from '../translation/published/published.ts'
import type { ManagementApi } from './context.ts'

/** So long an answer waits for workers and others to know of a change that is committed. */
const CAUGHT_UP_MS = 2_000

export interface AdminPartOptions {
  /** Opens it, where that has not been needed yet. */
  store(): Promise<Store>
  /** Resolves when workers know of every change that was committed before. */
  caughtUp(): Promise<void>
  /** Tells whoever has started the gateway, this once. */
  tellSetupToken(token: string): void
  readonly limits: ManagementApi['limits']
}

/** Who may use the Admin API, what management has in it, and the declared objects that it takes. */
export class AdminPart implements Part {
  readonly name = 'admin-api'
  readonly source: StoreSource
  private readonly kit: ServiceKit
  private readonly options: AdminPartOptions
  private readonly directory: Directory
  private readonly peppersFile: PeppersFile
  private peppers: Peppers | null = null
  private following: Following | null = null
  private store: Store | null = null
  private published: PublishedApis = {}

  constructor(kit: ServiceKit, options: AdminPartOptions) {
    this.kit = kit
    this.options = options
    this.peppersFile = new PeppersFile(kit.settings.secretsDir)
    this.source = new StoreSource(kit.kinds)
    this.directory = new Directory({
      log: kit.log,
      nowMs: () => kit.calendar.now(),
      peppers: () => this.peppers,
    })
    const { store, dataDir, hasData } = kit.settings
    if (store !== '' || (hasData && existsSync(join(dataDir, 'store.db')))) this.directory.expect()
    kit.keepAccounts(this.directory)
    kit.addApi(this.routes)
  }

  async opened(store: Store): Promise<void> {
    this.store = store
    this.openPeppers(store.engine === 'sqlite')
    // What is committed while all is read is told of afterwards, and read once more.
    const revision = await store.revision()
    await this.read(store)
    this.following = store.follow(revision, {
      changed: changes => this.changed(changes),
      reset: () => this.read(store),
    })
    const token = await firstSetupToken(store)
    if (token !== null) this.options.tellSetupToken(token)
  }

  lastKnown(known: LastKnown | null): void {
    if (known !== null) this.source.lastKnown(known.objects)
  }

  applied(wants: Wants, resources: Resources): void {
    this.published = (wants[PUBLISHED] ?? {}) as PublishedApis
    this.source.took(resources)
  }

  async stop(): Promise<void> {
    await this.directory.writeUses()
    await this.following?.close()
    this.following = null
  }

  private async read(store: Store): Promise<void> {
    await this.directory.read(store)
    await this.source.read(store)
  }

  private async changed(changes: readonly Change[]): Promise<void> {
    await this.directory.changed(changes)
    await this.source.changed(changes)
  }

  /** Without them nobody gets a token or a key, and all else is served. */
  private openPeppers(mayMake: boolean): void {
    try {
      this.peppers = this.peppersFile.open(mayMake).peppers
    } catch (error) {
      this.kit.log.error('peppers.failed', { error })
    }
  }

  private peppersNow(): Peppers {
    try {
      this.peppers = this.peppersFile.reread() ?? this.peppers
    } catch (error) {
      this.kit.log.error('peppers.failed', { error })
    }
    if (this.peppers === null)
      throw new AdminError(
        503,
        `there is no ${this.peppersFile.file} that can be read, under which keys are hashed: bring that of the other gateways of this store, or make the first one by portcullis keys peppers make --secrets DIR`,
      )
    return this.peppers
  }

  private async caughtUp(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, CAUGHT_UP_MS)
    try {
      // What is committed is done, whoever is told of it later.
      await Promise.race([Promise.all([this.following?.caughtUp(), this.options.caughtUp()]), late])
    } catch (error) {
      this.kit.log.warn('store.behind', { error })
    } finally {
      clearTimeout(timer)
    }
  }

  private readonly routes: ApiPart = {
    load: async () => {
      const { managementRoutes } = await import('./routes.ts')
      return managementRoutes(this.api)
    },
    audit: async (request, act) => {
      // A gateway without records has no store, and gets none by this.
      if (this.store === null) return
      const { audited } = await import('./changes.ts')
      await audited(this.store, this.kit.log, request, act)
    },
  }

  private get api(): ManagementApi {
    const { kit, directory, source, options } = this
    return {
      log: kit.log,
      store: () => storeOf(options),
      directory,
      peppers: () => this.peppersNow(),
      newPassword: async () => {
        const { newPassword } = await import('./new-password.ts')
        return newPassword()
      },
      limits: options.limits,
      environment: kit.settings.environment,
      caughtUp: () => this.caughtUp(),
      nowMs: () => kit.calendar.now(),
      declared: () => kit.declared(),
      published: () => this.published,
      kinds: kit.kinds,
      objects: source,
    }
  }
}

async function storeOf({ store }: AdminPartOptions): Promise<Store> {
  try {
    return await store()
  } catch (error) {
    if (error instanceof Error && error.name === 'StoreError') throw error
    throw new AdminError(503, error instanceof Error ? error.message : String(error))
  }
}
