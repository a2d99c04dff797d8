import { fileURLToPath } from 'node:url'

const isSource = import.meta.url.endsWith('.ts')

/** A module of src/composition/loading, where it lies in the package or in a clone. */
export const loading = (name: 'register' | 'tell-manifest'): string =>
  fileURLToPath(
    new URL(
      isSource ? `../../../composition/loading/${name}.ts` : `../composition/${name}.js`,
      import.meta.url,
    ),
  )
