import { resolveOwnCopy } from '../composition/loading/own-copy.ts'

// What a thread of a bundle runs. Nothing that imports the library may be loaded before the bundle's is this program's.
resolveOwnCopy()
const [{ runBundle }, { ruleTypes }] = await Promise.all([
  import('../roles/composition/thread/main.ts'),
  import('./rule-types.ts'),
])
await runBundle(ruleTypes)
