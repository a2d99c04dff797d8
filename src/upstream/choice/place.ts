/** The zone that a process runs in. */
export interface OwnZone {
  readonly name: string
  /** The part of all requests that comes in by processes of this zone, from 0 to 1; null: they are spread evenly over the zones. */
  readonly share: number | null
}

/** Which worker this is, of which process, where. */
export interface Place {
  /** Null where that is not said. */
  readonly zone: OwnZone | null
  /** From 0, among the workers of its process; who replaces it has the same. */
  readonly index: number
  /** The same after a restart, and another one in other processes. */
  readonly process: string
}

/** Of one that is alone. */
export const nowhere: Place = { zone: null, index: 0, process: '' }
