// The rooms of src/ in the order of docs/ARCHITECTURE.md: each imports only those before it.
const rooms = [
  'http',
  'telemetry',
  'model',
  'shared',
  'snapshot',
  'upstream',
  'filters',
  'proxy',
  'translation',
  'roles',
  'control',
  'cli',
]

const oneWay = rooms.slice(0, -1).map((room, i) => ({
  name: `${room}-knows-no-later-room`,
  comment: `${room}/ may import only: ${rooms.slice(0, i + 1).join(', ')}. What both need belongs in the earlier room.`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: `^src/(${rooms.slice(i + 1).join('|')})/` },
}))

// Packages that the program is made of.
const bundled = ['@peculiar/x509', 'ajv', 'reflect-metadata', 'typebox', 'yaml']

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...oneWay,
    {
      name: 'roles-are-strangers',
      comment: 'A role can be switched off or run as a tier of its own: it must not need another one.',
      severity: 'error',
      from: { path: '^src/roles/([^/]+)/' },
      to: { path: '^src/roles/', pathNot: '^src/roles/$1/' },
    },
    {
      name: 'only-known-rooms',
      comment: 'A new room is a decision about the order: name it above and in docs/ARCHITECTURE.md.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/', pathNot: `^src/(${rooms.join('|')})/` },
    },
    {
      name: 'source-stands-alone',
      comment:
        'The package holds only src/: what it imports from test/, bench/ or examples/ is missing there.',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.test\\.ts$' },
      to: { path: '^(test|bench|examples|web)/' },
    },
    {
      name: 'no-tests-in-the-program',
      comment: 'A test file is left out of the package, so nothing may import one.',
      severity: 'error',
      from: {},
      to: { path: '\\.test\\.ts$' },
    },
    {
      name: 'no-cycles',
      comment: 'Files that need each other are one file, or lack a third that both need.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-development-dependencies',
      comment:
        'What the program imports becomes part of it (build/bundle.ts): each package is a decision, named above.',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.test\\.ts$' },
      to: {
        path: 'node_modules/',
        pathNot: `node_modules/(${bundled.join('|')})/`,
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'resolvable',
      comment: 'An import that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    // swc reads the TypeScript (dependency-cruiser cannot drive TypeScript 7), and keeps type imports.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['node', 'import'],
    },
  },
}
