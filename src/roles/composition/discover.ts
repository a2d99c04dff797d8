import { Composition } from '../../model/kinds/composition.ts'
import type { Resources } from '../../model/resources.ts'
import { BUNDLES } from '../../translation/compositions.ts'
import type { Facts } from '../../translation/service.ts'
import { extract } from './bundles/extract.ts'
import type { Extracted } from './bundles/extracted.ts'
import { FROM_NO_FILE, sourceOf } from './bundles/source.ts'
import type { BundleFact } from './facts.ts'

/** What bundles are, for who translates and runs nothing: so that `check` says what `run` would. */
export async function discover(resources: Resources): Promise<Facts> {
  const all = resources.all(Composition)
  if (all.length === 0) return {}
  const bundles = await Promise.all(
    all.map(async composition => {
      const { namespace, name } = composition.metadata
      const { file, limits } = sourceOf(composition)
      const extracted = file === null ? noFile : await extract(file, limits, printed)
      return [`${namespace}/${name}`, factOf(extracted)] as const
    }),
  )
  return { [BUNDLES]: new Map(bundles) }
}

/** What a bundle prints is for people, and no part of what a command answers. */
const printed = (text: string): void => void process.stderr.write(text)

const noFile: Extracted = { manifest: null, fault: FROM_NO_FILE, files: [] }

function factOf({ manifest, fault }: Extracted): BundleFact {
  return { manifest, backends: manifest?.backends ?? [], fault, threads: null, trouble: null }
}
