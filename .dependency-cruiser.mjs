/* oxlint-disable typescript/no-deprecated, typescript/no-unsafe-argument -- of swc this is what dependency-cruiser stands on */
import { Compiler } from '@swc/core'
import { Visitor } from '@swc/core/Visitor.js'

// It does not know `using` declarations, which tests have; what they are initialised with may import.
const { visitStatement } = Visitor.prototype
Visitor.prototype.visitStatement = function (statement) {
  if (statement.type !== 'UsingDeclaration') return visitStatement.call(this, statement)
  statement.decls = this.visitVariableDeclarators(statement.decls)
  return statement
}

// Nor does it tell swc which files have JSX in them.
const { parseFileSync } = Compiler.prototype
Compiler.prototype.parseFileSync = function (path, options) {
  return parseFileSync.call(this, path, path.endsWith('.tsx') ? { ...options, tsx: true } : options)
}
/* oxlint-enable typescript/no-deprecated, typescript/no-unsafe-argument */

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
  'api',
  'translation',
  'composition',
  'roles',
  'kubernetes',
  'control',
  'admin',
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
const bundled = [
  '@bufbuild/protobuf',
  '@kubernetes/client-node',
  '@peculiar/x509',
  'acme-client',
  'ajv',
  'bcryptjs',
  'fastify',
  'jose',
  'ioredis',
  'kysely',
  'pg',
  'reflect-metadata',
  'typebox',
  'ws',
  'yaml',
]

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
      name: 'composition-is-a-library',
      comment:
        'Developers import it, and run hundreds of tests with it: it loads HTTP, clocks and budgets, and nothing of the data plane.',
      severity: 'error',
      from: { path: '^src/composition/', pathNot: '\\.test\\.ts$' },
      to: {
        path: '^src/',
        pathNot:
          '^src/(composition|http|shared)/|^src/upstream/(clock|retry-budget)\\.ts$|^src/model/(quantity|kinds/(shapes|aggregate/.*))\\.ts$',
      },
    },
    {
      name: 'roles-come-by-lists',
      comment:
        'Who assembles roles takes them from the lists of cli/roles.ts (translation, services) and cli/rule-types.ts (filters and actions, for workers), and knows none by name. What threads of bundles run is one of them, and so is what lodges with workers.',
      severity: 'error',
      from: {
        path: '^(src/(cli|admin|control|kubernetes)|build|bench)/',
        pathNot: '^src/cli/(roles|rule-types|bundle-worker|worker)\\.ts$',
      },
      to: { path: '^src/roles/' },
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
      comment: 'The package is built from src/ alone: what it imports from elsewhere is missing there.',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.test\\.ts$' },
      to: { path: '^(test|bench|build|examples|web)/' },
    },
    {
      name: 'web-knows-shapes-alone',
      comment:
        'The console is another program, in a browser: of the gateway it has the types of what goes over the wire.',
      severity: 'error',
      from: { path: '^web/' },
      to: { path: '^(src|test|bench|build|examples)/', pathNot: '^src/(admin|api)/shapes/' },
    },
    {
      name: 'nobody-knows-the-console',
      comment: 'It is built by its own tool, and served as files.',
      severity: 'error',
      from: { pathNot: '^web/' },
      to: { path: '^web/' },
    },
    {
      name: 'unit-tests-know-support',
      comment: 'What a test beside its source needs of test/ is for all tests: it belongs in test/support.',
      severity: 'error',
      from: { path: '^src/.*\\.test\\.ts$' },
      to: { path: '^(test|bench|build|examples)/', pathNot: '^test/support/' },
    },
    {
      name: 'support-knows-no-test',
      comment:
        'test/support stands above all tests and the bench: what it took from one of them would be loaded by every other.',
      severity: 'error',
      from: { path: '^test/support/' },
      to: { path: '^(test|bench|build|examples)/', pathNot: '^test/support/' },
    },
    {
      name: 'support-knows-no-command',
      comment:
        'Commands are run as users run them, as processes; of src/cli a test has only the lists of what is built in.',
      severity: 'error',
      from: { path: '^test/support/' },
      to: { path: '^src/cli/', pathNot: '^src/cli/(roles|rule-types)\\.ts$' },
    },
    {
      name: 'bench-measures-from-outside',
      comment:
        'Proxies, ours too, are measured as processes that were installed; what asks them has the codec of HTTP, and nothing of what it measures. bench/micro is for parts.',
      severity: 'error',
      from: { path: '^bench/', pathNot: '^bench/micro/' },
      to: { path: '^src/', pathNot: '^src/http/' },
    },
    {
      name: 'bench-knows-support-alone',
      comment:
        'Of test/ it may use what finds programs and makes certificates and servers; a test that changes must not change what is measured.',
      severity: 'error',
      from: { path: '^bench/' },
      to: { path: '^(test|build|examples)/', pathNot: '^test/support/' },
    },
    {
      name: 'nobody-knows-the-bench',
      comment: 'It is run, and changed, by hand: nothing that must hold may hang on it.',
      severity: 'error',
      from: { pathNot: '^bench/' },
      to: { path: '^bench/' },
    },
    {
      name: 'build-knows-source-alone',
      comment: 'It runs where a package is made, from what the package is made of.',
      severity: 'error',
      from: { path: '^build/' },
      to: { path: '^(test|bench|examples)/' },
    },
    {
      name: 'examples-are-outside',
      comment:
        'An example is what somebody writes who has installed the program: it runs the command, and imports nothing of it.',
      severity: 'error',
      from: { path: '^examples/' },
      to: { path: '^(src|test|bench|build)/' },
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
      // What compositions import is the program's own copy (src/composition/loading).
      to: { couldNotResolve: true, pathNot: '^portcullis/composition(/testing)?$' },
    },
  ],
  options: {
    // swc reads the TypeScript (dependency-cruiser cannot drive TypeScript 7), and keeps type imports.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['node', 'import'],
    },
  },
}
