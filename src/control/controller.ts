import { isDeepStrictEqual } from 'node:util'
import type { LoadResult } from '../model/loaded.ts'
import type { Condition, Problem } from '../model/resource.ts'
import type { WorkerGroup } from '../proxy/workers.ts'
import { onlyEndpointsChanged } from '../snapshot/diff.ts'
import type { Translation } from '../snapshot/merge.ts'
import { translateAll, type Role, type TranslateSettings } from '../translation/role.ts'
import type { Snapshot, SnapshotParts } from '../snapshot/snapshot.ts'
import type { Logger } from '../telemetry/log.ts'
import { systemClock, type Cancel, type Clock } from '../upstream/clock.ts'
import type { Counter } from '../telemetry/instrument.ts'
import type { CertificateMetrics } from './certificate-metrics.ts'
import { Complaints } from './complaints.ts'
import { findingsOf, linesWith } from './findings.ts'
import type { Gathered } from './source.ts'
import type { Facts, Wants } from '../translation/service.ts'
import type { Resources } from '../model/resources.ts'
import type { Held } from '../model/last-good.ts'
import { heldConditions } from './held.ts'
import { withPortErrors, type PortError } from './port-errors.ts'
import { tellReadiness } from './readiness.ts'

export interface ControllerOptions {
  /** In the order in which requests meet them. */
  readonly roles: readonly Role[]
  readonly workers: WorkerGroup
  readonly log: Logger
  readonly settings: TranslateSettings
  readonly reloads: { readonly ok: Counter; readonly partial: Counter }
  readonly certificates: CertificateMetrics
  /** How long until a port that was not to be had is tried again; 5 s where absent. */
  readonly portRetryMs?: number
  /** How long a change by which something goes wrong waits for the next one; 50 ms where absent. */
  readonly patienceMs?: number
  /** `now` in milliseconds since 1970, for certificates are judged by the calendar; absent: the system's. */
  readonly calendar?: Clock
  /** Told of what is in force, after each change. */
  readonly onApplied?: (wants: Wants, resources: Resources) => void
  /** Told when what is said of it is another thing, behind that: of a port too that is to be had again. */
  readonly onSaid?: (inForce: InForce) => void
}

/** What sources have; of several, with what is to be said of objects that more than one has. */
export type Load = LoadResult & Partial<Pick<Gathered, 'conflicts'>>

/** What is said about the resources in force. */
export interface Status {
  /** Of the snapshot in force; changes of nothing but endpoints leave it as it is. 0 before the first. */
  readonly version: number
  readonly problems: readonly Problem[]
  readonly conditions: readonly Condition[]
  /** Keys of the ports that are listened on. */
  readonly ports: readonly string[]
  readonly portErrors: readonly PortError[]
}

/** What is served now, and of what it was made. */
export interface InForce {
  readonly status: Status
  readonly snapshot: Snapshot
  readonly resources: Resources
  /** When the last change was in force in every worker; since 1970. */
  readonly appliedMs: number
  /** What translation said, before it was known which ports can be had. */
  readonly translated: readonly Condition[]
  /** Which of the resources are last good versions of what is broken now. */
  readonly held: readonly Held[]
  /** When what holds certificates ceases to be of use, by its key; also where that is past. */
  readonly expiresMs: Translation['expiresMs']
  /** What is told beside the data plane. */
  readonly wants: Wants
  readonly gateways: Translation['gateways']
}

const PORT_RETRY_MS = 5_000
/** As long as it is quiet before a source takes what may be half of a change. */
const PATIENCE_MS = 50
const MOST_PASSED_OVER = 10
/** A timer counts while a machine runs; calendars are set, and machines sleep. So it is looked at again this often. */
const CALENDAR_MS = 60_000

export const systemCalendar: Clock = { ...systemClock, now: () => Date.now() }

/** What one load came to. */
interface Turn {
  readonly load: Load
  readonly conditions: readonly Condition[]
  /** Of the translation; those of the files are the load's. */
  readonly problems: readonly Problem[]
}

/**
 * Turns loaded resources into what the workers run, one change after another.
 * A change that comes while the last one is being applied waits, and only the
 * newest is carried out.
 */
export class Controller {
  status: Status = { version: 0, problems: [], conditions: [], ports: [], portErrors: [] }
  private readonly options: ControllerOptions
  private readonly complaints: Complaints
  private snapshot: Snapshot = { version: 0, ports: [], clusters: [], endpoints: {} }
  private last: Turn | null = null
  private applied: Omit<InForce, 'status' | 'snapshot'> | null = null
  private next: Load | null = null
  /** What is being carried out: it may still wait, and is newer than the last. */
  private taken: Load | null = null
  /** Tells who waits for the next one that it is there. */
  private wake: (() => void) | null = null
  /** What the translation in force complains about. */
  private errors: ReadonlySet<string> = new Set()
  /** Changes in a row that were only the beginning of the next. */
  private passedOver = 0
  private portsDue = false
  private facts: Facts = {}
  private tables: Translation['tables'] = {}
  private busy: Promise<void> | null = null
  private retryTimer: NodeJS.Timeout | null = null
  private readonly calendar: Clock
  private forgetDue: Cancel = () => {}

  constructor(options: ControllerOptions) {
    this.options = options
    this.complaints = new Complaints(options.log)
    this.calendar = options.calendar ?? systemCalendar
  }

  /** Resolves when this load, or a newer one, is in force in every worker. */
  apply(load: Load): Promise<void> {
    this.next = load
    this.wake?.()
    return this.start()
  }

  /** What a service has found out; resolves when a translation that knows it is in force in every worker. */
  give(fact: string, value: unknown): Promise<void> {
    const { [fact]: _, ...others } = this.facts
    this.facts = value === undefined ? others : { ...others, [fact]: value }
    this.again()
    return this.start()
  }

  /** Null before the first. */
  get inForce(): InForce | null {
    const { applied, status, snapshot } = this
    return applied && { status, snapshot, ...applied }
  }

  /** Whether a change waits for the one of which it may be half. */
  get isWaiting(): boolean {
    return this.wake !== null
  }

  stop(): void {
    this.wake?.()
    this.stopRetrying()
    this.forgetDue()
  }

  private stopRetrying(): void {
    if (this.retryTimer !== null) clearTimeout(this.retryTimer)
    this.retryTimer = null
  }

  private start(): Promise<void> {
    this.busy ??= this.work().finally(() => {
      this.busy = null
    })
    return this.busy
  }

  /** What is newest is translated once more: something beside it is another thing. */
  private again(): void {
    this.next ??= this.taken ?? this.last?.load ?? null
  }

  private async work(): Promise<void> {
    while (this.next !== null || this.portsDue) {
      const load = this.next
      this.next = null
      this.taken = load
      this.portsDue = false
      try {
        await (load === null ? this.retryPorts() : this.turn(load))
      } catch (error) {
        // A fault of ours must not take away what is being served.
        this.options.log.error('reload.failed', { error })
      }
      this.taken = null
    }
  }

  private async turn(load: Load): Promise<void> {
    const { snapshot: old } = this
    this.sendEarly(load)
    const translation = translateAll(this.options.roles, load.resources, {
      ...this.options.settings,
      nowMs: this.calendar.now(),
      facts: this.facts,
    })
    if (load !== this.last?.load && (await this.isHalf(translation))) return
    const { parts, conditions, problems, dueMs, expiresMs, wants, tables, gateways } = translation
    this.options.certificates.show(expiresMs)
    this.forgetDue()
    if (dueMs !== null) this.awaitDue(dueMs)
    const { snapshot: before } = this
    this.last = { load, conditions, problems }
    const filled = this.fillTables(tables)
    if (this.status.portErrors.length === 0 && before.version > 0 && onlyEndpointsChanged(before, parts)) {
      this.sendEndpoints(parts.endpoints)
      if (filled.length > 0) this.options.log.info('tables.applied', { tables: filled })
      else if (this.snapshot === old) this.options.log.info('resources.unchanged', { version: old.version })
      this.report()
    } else await this.sendSnapshot(parts)
    this.emptyTables(tables)
    const { resources, held } = load
    const appliedMs = this.calendar.now()
    this.applied = { resources, translated: conditions, held, expiresMs, wants, gateways, appliedMs }
    this.options.onApplied?.(wants, resources)
    this.tellSaid()
  }

  /**
   * Whether there is another change that this one was only the beginning of. One by which something new goes wrong is
   * given a moment: of a route and the backend that it refers to, in two files, either may come first.
   */
  private async isHalf({ conditions, problems }: Translation): Promise<boolean> {
    const { errors, last } = this
    const now = linesWith(findingsOf(problems, conditions), 'error')
    if (last !== null && this.passedOver < MOST_PASSED_OVER && !now.isSubsetOf(errors)) {
      await this.nextOrLater(this.options.patienceMs ?? PATIENCE_MS)
      if (this.next !== null) {
        this.passedOver++
        return true
      }
    }
    this.errors = now
    this.passedOver = 0
    return false
  }

  private async nextOrLater(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, ms)
    this.wake = resolve
    await promise
    clearTimeout(timer)
    this.wake = null
  }

  /** A certificate begins or ceases to be valid then. */
  private awaitDue(dueMs: number): void {
    const { calendar } = this
    const leftMs = dueMs - calendar.now()
    this.forgetDue = calendar.after(Math.min(Math.max(leftMs, 0), CALENDAR_MS), () => {
      if (calendar.now() < dueMs) return this.awaitDue(dueMs)
      this.again()
      void this.start()
    })
  }

  /** Before the snapshot whose filters look there; the answer is which of them have other rows now. */
  private fillTables(tables: Translation['tables']): readonly string[] {
    const changed = Object.entries(tables).filter(
      ([name, rows]) => this.tables[name] !== rows && !isDeepStrictEqual(this.tables[name], rows),
    )
    for (const [name, rows] of changed) this.options.workers.tables.replace(name, rows)
    return changed.map(([name]) => name)
  }

  /** Once nobody looks there any more. */
  private emptyTables(tables: Translation['tables']): void {
    for (const name of Object.keys(this.tables))
      if (!Object.hasOwn(tables, name)) this.options.workers.tables.replace(name, new Map())
    this.tables = tables
  }

  private async sendSnapshot(parts: SnapshotParts): Promise<void> {
    const { workers, log } = this.options
    tellReadiness(log, this.snapshot.endpoints, parts.endpoints)
    this.snapshot = { ...parts, version: this.snapshot.version + 1 }
    const results = await workers.apply(this.snapshot)
    const portErrors = results.flatMap(result => ('error' in result ? [result] : []))
    const ports = results.flatMap(result => ('error' in result ? [] : [result.key]))
    this.status = { ...this.status, version: this.snapshot.version, ports, portErrors }
    this.stopRetrying()
    if (portErrors.length > 0) this.retryLater()
    const problems = this.report()
    log.info('snapshot.applied', {
      version: this.snapshot.version,
      ports,
      clusters: parts.clusters.length,
      problems,
    })
  }

  /** Endpoints are where requests can be served now: they do not wait for the translation of everything. */
  private sendEarly({ resources }: LoadResult): void {
    const { last, snapshot } = this
    if (last === null || snapshot.version === 0) return
    for (const { endpoints } of this.options.roles)
      if (endpoints?.onlyEndpointsDiffer(last.load.resources, resources))
        this.sendEndpoints(endpoints.endpointsOnly(resources, snapshot))
  }

  /** The short way: the workers keep their snapshot and its version. */
  private sendEndpoints(endpoints: SnapshotParts['endpoints']): void {
    const { workers, log } = this.options
    const before = this.snapshot.endpoints
    const changed = Object.entries(endpoints).filter(
      ([cluster, list]) =>
        list !== before[cluster] && JSON.stringify(list) !== JSON.stringify(before[cluster]),
    )
    if (changed.length === 0) return
    tellReadiness(log, before, endpoints)
    this.snapshot = { ...this.snapshot, endpoints }
    workers.setEndpoints(Object.fromEntries(changed))
    log.info('endpoints.applied', { clusters: changed.map(([cluster]) => cluster) })
  }

  private retryLater(): void {
    this.retryTimer = setTimeout(() => {
      this.portsDue = true
      void this.start()
    }, this.options.portRetryMs ?? PORT_RETRY_MS).unref()
  }

  /** Only when one of them has become free is anything to be done. */
  private async retryPorts(): Promise<void> {
    const { ports } = this.snapshot
    const lost = ports.filter(({ key }) => this.status.portErrors.some(error => error.key === key))
    if (!(await this.options.workers.anyFree(lost))) return this.retryLater()
    await this.sendSnapshot(this.snapshot)
    this.tellSaid()
  }

  private tellSaid(): void {
    const { inForce } = this
    if (inForce !== null) this.options.onSaid?.(inForce)
  }

  private report(): number {
    if (this.last === null) return 0
    const { load, conditions } = this.last
    const problems = [...load.problems, ...this.last.problems]
    const known = withPortErrors(conditions, this.snapshot.ports, this.status.portErrors, load.resources)
    const held = heldConditions(load.held, load.problems)
    const { conflicts = [] } = load
    this.status = { ...this.status, problems, conditions: [...known, ...conflicts, ...held] }
    const findings = findingsOf(problems, [...known, ...conflicts])
    const count = this.complaints.tell(
      linesWith(findings, 'error'),
      new Set([...linesWith(findings, 'warning'), ...linesWith(findings, 'note')]),
    )
    this.options.reloads[count === 0 ? 'ok' : 'partial'].add(1)
    return count
  }
}
