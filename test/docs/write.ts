import { writeFileSync } from 'node:fs'
import { deployment } from './deployment.ts'
import { pages } from './reference.ts'

// `npm run docs`: writes docs/reference, and what deploy/ has of schemas and kinds.
for (const [name, make] of Object.entries(pages))
  writeFileSync(new URL(`../../docs/reference/${name}`, import.meta.url), make())
for (const [name, make] of Object.entries(deployment))
  writeFileSync(new URL(`../../deploy/${name}`, import.meta.url), make())
