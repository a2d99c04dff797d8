import { goldenCases } from '../cases.ts'

goldenCases(new URL('./', import.meta.url), 3)
