import { dirname, resolve } from 'node:path'
import {
  compositionLimits,
  type Composition,
  type CompositionLimits,
} from '../../../model/kinds/composition.ts'
import type { BundleText } from './text.ts'

/** What threads run: a module file, absolute, or what is declared in its place. */
export type BundleCode =
  | { readonly file: string; /** As it was extracted. */ readonly text?: BundleText }
  | { readonly aggregate: unknown }

/** What a composition runs, and what a thread of it may use. */
export interface BundleSource {
  /** Null for an object that no file declares, and that can name none. */
  readonly code: BundleCode | null
  readonly threads: number
  readonly limits: CompositionLimits
}

/** Paths are relative to the file that declares the object. */
export function sourceOf({ body, at }: Composition): BundleSource {
  const { bundle, aggregate, threads = 1 } = body.spec
  const position = at(['spec', 'bundle'])
  const file = position === null || bundle === undefined ? null : resolve(dirname(position.file), bundle)
  return {
    code: aggregate !== undefined ? { aggregate } : file === null ? null : { file },
    threads,
    limits: compositionLimits(body),
  }
}

/** As logs name it. */
export const nameOf = (code: BundleCode): string => ('file' in code ? code.file : 'spec.aggregate')

/** Of such an object. */
export const FROM_NO_FILE = 'is code, which comes from files alone, and this object is from none'
