/** By which `portcullis composition record` tells the gateway that it runs what to record: a RecordTask as JSON. */
export const RECORD_VARIABLE = 'PORTCULLIS_COMPOSITION_RECORD'

export interface RecordTask {
  readonly folder: string
  readonly hidden: readonly string[]
}
