import { serve } from '../proxy/worker.ts'
import type { Lodge } from '../proxy/lodgers.ts'
import { ruleTypes } from './rule-types.ts'

/** Who has no composition loads nothing of them. */
const lodge: Lodge = async (data, port, plane) =>
  (await import('../roles/composition/thread/lodge.ts')).lodge(data, port, plane)

// What a data-plane thread runs: proxy/ knows of no role, and so is given the filters and actions that they have.
serve(ruleTypes, { lodge })
