import { dirname, resolve } from 'node:path'
import { bundleLimits, type BundleLimits } from '../../../model/kinds/bundle.ts'
import type { Composition } from '../../../model/kinds/composition.ts'
import { Filter } from '../../../model/kinds/filter.ts'
import type { Transcoding } from '../../../composition/manifest/transcoding.ts'
import type { BundleText } from './text.ts'

/** An object whose bundle is run. */
export type Bundled = Composition | Filter

/** What threads run: a module file, absolute, or what is declared in its place. `filter`: the module is one, and is given this. */
export type BundleCode =
  | {
      readonly file: string
      readonly filter?: FilterGiven
      /** As it was extracted. */ readonly text?: BundleText
    }
  | { readonly aggregate: unknown }

export interface FilterGiven {
  readonly config: unknown
}

/** What a composition or a filter runs, and what a thread of it may use. */
export interface BundleSource {
  /** Null for an object that no file declares, and that can name none. */
  readonly code: BundleCode | null
  /** Null where it is not said: the workers themselves serve what is no code, and one thread what is. */
  readonly threads: number | null
  readonly limits: BundleLimits
}

/** Paths are relative to the file that declares the object. */
export function sourceOf(object: Bundled): BundleSource {
  const { threads, limits } = object.body.spec
  return { code: codeOf(object), threads: threads ?? null, limits: bundleLimits(limits) }
}

/** What is no code: workers can serve it themselves. */
export type Lodged = { readonly aggregate: unknown } | { readonly transcoding: Transcoding }

/** What workers serve themselves; null where that is for threads: it is code, or `spec.threads` says so. */
export function lodgedOf(
  { code, threads }: Pick<BundleSource, 'code' | 'threads'>,
  transcoding: Transcoding | null = null,
): Lodged | null {
  if (threads !== null) return null
  return code !== null && 'aggregate' in code ? code : transcoding && { transcoding }
}

function codeOf({ kind, body: { spec }, at }: Bundled): BundleCode | null {
  const position = at(['spec', 'bundle'])
  if ('aggregate' in spec && spec.aggregate !== undefined) return { aggregate: spec.aggregate }
  if (position === null || spec.bundle === undefined) return null
  const file = resolve(dirname(position.file), spec.bundle)
  return kind === Filter.kind
    ? { file, filter: { config: 'config' in spec ? spec.config : undefined } }
    : { file }
}

/** As logs name it. */
export const nameOf = (code: BundleCode): string => ('file' in code ? code.file : 'spec.aggregate')

/** Of such an object. */
export const FROM_NO_FILE = 'is code, which comes from files alone, and this object is from none'
