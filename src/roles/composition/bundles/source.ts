import { dirname, resolve } from 'node:path'
import {
  compositionLimits,
  type Composition,
  type CompositionLimits,
} from '../../../model/kinds/composition.ts'

/** Where the code of a composition is, and what a thread of it may use. */
export interface BundleSource {
  /** Absolute; null for an object that no file declares, and that can name none. */
  readonly file: string | null
  readonly threads: number
  readonly limits: CompositionLimits
}

/** Paths are relative to the file that declares the object. */
export function sourceOf({ body, at }: Composition): BundleSource {
  const position = at(['spec', 'bundle'])
  const { bundle, threads = 1 } = body.spec
  return {
    file: position === null ? null : resolve(dirname(position.file), bundle),
    threads,
    limits: compositionLimits(body),
  }
}

/** Of such an object. */
export const FROM_NO_FILE = 'is code, which comes from files alone, and this object is from none'
