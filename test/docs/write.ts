import { writeFileSync } from 'node:fs'
import { pages } from './reference.ts'

// `npm run docs`: writes docs/reference.
for (const [name, make] of Object.entries(pages))
  writeFileSync(new URL(`../../docs/reference/${name}`, import.meta.url), make())
