import type { RoleName } from '../model/kind.ts'

/** Which object put a thing here; shown by `explain`, in logs and in conditions. */
export interface Origin {
  /** `HTTPRoute/default/items`. */
  readonly resource: string
  /** Of that object's kind; "" for core kinds. */
  readonly group: string
  readonly role: RoleName
  /** `spec.rules[0].filters[1]` */
  readonly path: string
  readonly file: string
  readonly line: number
  readonly column: number
}
