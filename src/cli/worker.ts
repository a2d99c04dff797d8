import { serve } from '../proxy/worker.ts'
import { filterTable } from './filters.ts'

// What a data-plane thread runs: proxy/ knows of no role, and so is given the filters that they have.
serve(filterTable)
