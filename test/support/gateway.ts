import { ruleTypes } from '../../src/cli/rule-types.ts'
import { parseResources } from './declared.ts'
import { Resources } from '../../src/model/resources.ts'
import { Engine, type EngineOptions } from '../../src/proxy/engine.ts'
import { translate } from './translate.ts'
import type { Snapshot } from '../../src/snapshot/snapshot.ts'
import { AccessLog } from '../../src/telemetry/access-log.ts'
import type { AccessSink } from '../../src/telemetry/access-sink.ts'
import { Instruments } from '../../src/telemetry/instruments.ts'
import { Logger } from '../../src/telemetry/log.ts'
import { MetricsReader } from '../../src/telemetry/metrics-reader.ts'
import { MetricsWriter } from '../../src/telemetry/metrics.ts'
import { RecentMemories } from '../../src/telemetry/recent/recent-memories.ts'
import { RecentReader } from '../../src/telemetry/recent/recent-reader.ts'
import { RecentWriter } from '../../src/telemetry/recent/recent-writer.ts'

/** One access log line, parsed. */
export type AccessLine = Readonly<Record<string, string | number>>

/**
 * A data plane in this process, on port 0 of 127.0.0.1 whatever the YAML says:
 * `port(80)` tells where the listener of port 80 really is.
 */
export interface TestGateway extends AsyncDisposable {
  port(written?: number): number
  /** Replaces the resources, as a reload does. */
  reload(yaml: string): Promise<void>
  readonly engine: Engine
  readonly lines: readonly AccessLine[]
  /** Resolves with the first line, seen or still to come, that the predicate takes. */
  line(matches: (line: AccessLine) => boolean): Promise<AccessLine>
  metrics(): string
  readonly recent: RecentReader
  /** What is written of recent requests, as it is. */
  readonly recentBytes: Buffer
}

/** What a test wants otherwise: how names are resolved, when the engine is overloaded; `edit` of what the YAML has become. */
export interface GatewayOptions extends Partial<Omit<EngineOptions, 'sinks'>> {
  readonly edit?: (snapshot: Snapshot) => Snapshot
}

export async function startGateway(
  yaml: string,
  { edit = same, ...more }: GatewayOptions = {},
): Promise<TestGateway> {
  const reader = new MetricsReader()
  reader.attach('test')
  const writer = new MetricsWriter(undefined, series => reader.announce('test', series))
  const instruments = new Instruments(writer)
  const memory = new MemorySink()
  const accessLog = new AccessLog(memory, { flushMs: 1 })
  const log = new Logger({ write: () => {} })
  const memories = new RecentMemories(1)
  const recentMemory = memories.take()
  const recent = new RecentWriter(recentMemory, 1)
  const engine = new Engine({
    log,
    types: ruleTypes,
    ...more,
    // Clients and backends of a test are in this thread too, so that its event loop is late for their sake.
    overload: { beginMs: Infinity, ...more.overload },
    sinks: { instruments, accessLog, recent },
  })
  const ports = new Map<number, number>()
  let version = 0

  async function reload(text: string): Promise<void> {
    const results = await engine.apply(onPortZero(edit(snapshotOf(text, ++version))))
    for (const result of results) {
      if ('error' in result) throw new Error(`${result.key}: ${result.error}`)
      ports.set(Number(result.key.slice(result.key.lastIndexOf(':') + 1)), result.port)
    }
  }

  await reload(yaml)
  return {
    engine,
    reload,
    recent: new RecentReader(memories),
    recentBytes: Buffer.from(recentMemory),
    lines: memory.lines,
    line: matches => memory.line(matches),
    port: written => {
      const port = written === undefined ? ports.values().next().value : ports.get(written)
      if (port === undefined) throw new Error(`no listener of port ${String(written)}`)
      return port
    },
    metrics: () => {
      writer.flush()
      return reader.render()
    },
    async [Symbol.asyncDispose]() {
      await engine.drain(100)
      await accessLog.close()
    },
  }
}

/** What these resources become; throws on anything wrong in the text. */
export function snapshotOf(yaml: string, version: number = 1): Snapshot {
  const { resources, unenforced, problems } = parseResources('test.yaml', yaml)
  const errors = problems.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'))
  const { parts } = translate(Resources.of(resources, unenforced))
  return { version, ...parts }
}

const same = (snapshot: Snapshot): Snapshot => snapshot

function onPortZero(snapshot: Snapshot): Snapshot {
  const ports = snapshot.ports.map(port => ({
    ...port,
    address: '127.0.0.1',
    ...(port.target === undefined && { port: 0 }),
  }))
  return { ...snapshot, ports }
}

function parseLine(line: string): AccessLine {
  const value: unknown = JSON.parse(line)
  if (!isAccessLine(value)) throw new Error(`no access log line: ${line}`)
  return value
}

function isAccessLine(value: unknown): value is AccessLine {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every(field => typeof field === 'string' || typeof field === 'number')
  )
}

class MemorySink implements AccessSink {
  readonly pieceBytes = 65_536
  readonly lines: AccessLine[] = []
  private readonly waiting = new Set<() => void>()

  write(chunk: Buffer, done: (written: number, error: Error | null) => void): void {
    for (const line of chunk.toString('latin1').split('\n')) if (line !== '') this.lines.push(parseLine(line))
    for (const look of this.waiting) look()
    done(chunk.length, null)
  }

  line(matches: (line: AccessLine) => boolean): Promise<AccessLine> {
    return new Promise(resolve => {
      const look = (): void => {
        const found = this.lines.find(matches)
        if (found === undefined) return
        this.waiting.delete(look)
        resolve(found)
      }
      this.waiting.add(look)
      look()
    })
  }

  reopen(): void {}
  close(): void {}
}
