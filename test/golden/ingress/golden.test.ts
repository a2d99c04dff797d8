import { goldenCases } from '../cases.ts'

// To be read against Gateway API.
goldenCases(new URL('./', import.meta.url), 40)
