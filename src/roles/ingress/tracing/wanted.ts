/** What translation wants of the service that exports spans, by the name that threads tell their batches with. */
export const TRACING = 'tracing'

export type WantedExports = Readonly<Record<string, WantedExport>>

export interface WantedExport {
  /** Of the snapshot: by it the collector is reached. */
  readonly cluster: string
  /** What it is asked by as Host. */
  readonly authority: string
  /** Name, value …; they may be credentials, and are no part of a snapshot. */
  readonly headers: readonly string[]
  /** "": that of the process. */
  readonly serviceName: string
}
