import type { Fault } from '../../../composition/aggregate/faults.ts'
import type { Manifest } from '../../../composition/manifest/manifest.ts'
import type { Transcoding } from '../../../composition/manifest/transcoding.ts'
import type { BundleText } from './text.ts'

/** What a file says as a bundle, or why nothing. */
export interface Extracted {
  readonly manifest: Manifest | null
  /** `FILE:LINE: what is wrong`; null where nothing is. */
  readonly fault: string | null
  /** The places of `fault`: of an aggregate below `spec.aggregate`, of a filter's config below `spec`. */
  readonly places?: readonly Fault[]
  /** Absolute: what is to be followed, the bundle itself first. */
  readonly files: readonly string[]
  /** Of a file with a manifest: what it was made of. */
  readonly text?: BundleText
  /** Of a bundle that only transcodes, all that it is; absent where it is more. */
  readonly transcoding?: Transcoding
  /** Whether it may be otherwise another time, though no file is. */
  readonly mayPass?: boolean
}
