import { serve } from '../proxy/worker.ts'
import { ruleTypes } from './rule-types.ts'

// What a data-plane thread runs: proxy/ knows of no role, and so is given the filters and actions that they have.
serve(ruleTypes)
