/** The first entry of the chain that is not as it was written. */
export interface AuditFault {
  readonly seq: number
  readonly reason: string
}
