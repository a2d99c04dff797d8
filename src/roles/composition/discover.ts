import { Composition } from '../../model/kinds/composition.ts'
import { Filter } from '../../model/kinds/filter.ts'
import type { Resources } from '../../model/resources.ts'
import { bundleKey, BUNDLES } from '../../translation/compositions.ts'
import type { Facts } from '../../translation/service.ts'
import { extractedOf } from './bundles/extracted-of.ts'
import type { Extracted } from './bundles/extracted.ts'
import { lodgedOf, sourceOf } from './bundles/source.ts'
import type { BundleFact } from './facts.ts'

/** What bundles are, for who translates and runs nothing: so that `check` says what `run` would. */
export async function discover(resources: Resources): Promise<Facts> {
  const all = [...resources.all(Composition), ...resources.all(Filter)]
  if (all.length === 0) return {}
  const bundles = await Promise.all(
    all.map(async object => {
      const source = sourceOf(object)
      const extracted = await extractedOf(source, printed)
      return [bundleKey(object), factOf(extracted, lodgedOf(source, extracted.transcoding) !== null)] as const
    }),
  )
  return { [BUNDLES]: new Map(bundles) }
}

/** What a bundle prints is for people, and no part of what a command answers. */
const printed = (text: string): void => void process.stderr.write(text)

function factOf({ manifest, fault, places = [] }: Extracted, lodges: boolean): BundleFact {
  const backends = manifest?.backends ?? []
  const filter = manifest?.filter ?? null
  return { manifest, backends, filter, fault, places, threads: null, lodges, trouble: null }
}
