import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { exchange } from '../../../test/support/exchange.ts'
import { kit } from '../../../test/support/kit.ts'
import { authorizationConfig, identity, policy, rule } from '../../../test/support/authorization.ts'
import type { Failure } from '../filter.ts'
import { identityNote, type Identity } from '../identity.ts'
import { authorization, dryRunNote } from './authorization.ts'
import type { PolicyConfig, RuleConfig } from './config.ts'

const byPrincipal = (action: 'allow' | 'deny', ...principals: readonly string[]): RuleConfig =>
  rule(action, { name: principals.join(' '), from: { principals } })
const byScopes = (...scopes: readonly (readonly string[])[]): RuleConfig =>
  rule('allow', { name: 'scoped', from: { scopes } })

interface Result {
  readonly failure: Failure | undefined
  /** `policy rule outcome`, each once for each time. */
  readonly counted: readonly string[]
  readonly dryRun: string | undefined
}

/** What scopes that are met one after the other say of somebody, or of nobody. */
function run(
  scopes: readonly (readonly PolicyConfig[])[],
  who: Partial<Identity> | null = {},
  request: Parameters<typeof exchange>[0] = {},
): Result {
  const counted: string[] = []
  const metrics = {
    counter: (
      _: string,
      { policy: of, rule: by, outcome }: Record<'policy' | 'rule' | 'outcome', string>,
    ) => ({
      add: () => counted.push(`${of} ${by} ${outcome}`),
    }),
  }
  const x = exchange(request)
  if (who !== null) x.notes.set(identityNote, identity(who))
  for (const [i, policies] of scopes.entries()) {
    const config = authorizationConfig(policies, { scope: `scope ${i}` })
    const filter = authorization.compile(config, kit({ metrics: metrics as never }))
    const verdict = filter.request!(x)
    if (verdict === undefined) continue
    assert.ok('failure' in verdict)
    return { failure: verdict, counted, dryRun: x.notes.get(dryRunNote) }
  }
  return { failure: undefined, counted, dryRun: x.notes.get(dryRunNote) }
}

const mary = { principal: 'mary' }
const p = (name: string, ...rules: readonly RuleConfig[]): PolicyConfig => policy(rules, { policy: name })

suite('scope by scope', () => {
  for (const [what, scopes, who, passes] of [
    ['nothing is said', [[]], mary, true],
    ['an ALLOW that matches', [[p('a', byPrincipal('allow', 'mary'))]], mary, true],
    ['an ALLOW that does not', [[p('a', byPrincipal('allow', 'john'))]], mary, false],
    ['an ALLOW, and nobody known', [[p('a', byPrincipal('allow', 'john'))]], null, false],
    ['an ALLOW for all, and nobody known', [[p('a', rule('allow', {}))]], null, true],
    ['a DENY that matches', [[p('a', byPrincipal('deny', 'mary'))]], mary, false],
    ['a DENY that does not', [[p('a', byPrincipal('deny', 'john'))]], mary, true],
    ['a DENY of somebody, and nobody known', [[p('a', byPrincipal('deny', 'john'))]], null, true],
    [
      'a DENY counts more than an ALLOW of its policy',
      [[p('a', byPrincipal('allow', 'mary'), byPrincipal('deny', 'mary'))]],
      mary,
      false,
    ],
    [
      'and than that of another policy',
      [[p('a', byPrincipal('allow', 'mary')), p('b', byPrincipal('deny', 'mary'))]],
      mary,
      false,
    ],
    [
      'of two policies of a scope one that allows is enough',
      [[p('a', byPrincipal('allow', 'john')), p('b', byPrincipal('allow', 'mary'))]],
      mary,
      true,
    ],
    [
      'an ALLOW is asked for at each scope',
      [[p('a', byPrincipal('allow', 'mary'))], [p('b', byPrincipal('allow', 'john'))]],
      mary,
      false,
    ],
    [
      'that has any',
      [[p('a', byPrincipal('allow', 'mary'))], [p('b', byPrincipal('deny', 'john'))]],
      mary,
      true,
    ],
    [
      'a DENY far away is not made up for',
      [[p('a', byPrincipal('deny', 'mary'))], [p('b', byPrincipal('allow', 'mary'))]],
      mary,
      false,
    ],
  ] as const)
    test(what, () => {
      const { failure } = run(scopes, who)
      assert.equal(failure === undefined, passes)
      if (failure !== undefined) assert.equal(failure.failure, 'access_denied')
    })

  test('the log is told who denied, and where', () => {
    const denied = run([[], [p('default/a', byPrincipal('deny', 'mary'))]], mary)
    assert.equal(denied.failure?.detail, 'scope 1: default/a: mary')
    assert.deepEqual(denied.counted, ['default/a mary denied'])
    const notAllowed = run(
      [
        [
          p('default/a', byPrincipal('allow', 'john')),
          p('default/b', rule('deny', { from: { anonymous: true } })),
        ],
      ],
      mary,
    )
    assert.equal(notAllowed.failure?.detail, 'scope 0: nothing of default/a allows it')
    assert.deepEqual(notAllowed.counted, ['default/a  denied'])
    assert.deepEqual(run([[p('default/a', byPrincipal('allow', 'mary'))]], mary).counted, [
      'default/a mary allowed',
    ])
  })

  test('a policy that leaves a request out is as if it were not there', () => {
    const except = [{ routes: null, paths: null, methods: ['OPTIONS'] }]
    const strict = policy([byPrincipal('allow', 'john'), byPrincipal('deny', 'mary')], { except })
    assert.notEqual(run([[strict]], mary).failure, undefined)
    assert.equal(run([[strict]], mary, { method: 'OPTIONS' }).failure, undefined)
    // What another one of the scope asks for stays.
    const other = p('b', byPrincipal('allow', 'john'))
    assert.notEqual(run([[strict, other]], mary, { method: 'OPTIONS' }).failure, undefined)
  })
})

suite('scopes of a credential', () => {
  for (const [what, rules, who, failure, told] of [
    ['one is missing', [byScopes(['read'])], {}, 'insufficient_scope', 'read'],
    [
      'a set is not whole',
      [byScopes(['read', 'write'])],
      { scopes: ['read'] },
      'insufficient_scope',
      'read write',
    ],
    ['of several sets the first is named', [byScopes(['read'], ['all'])], {}, 'insufficient_scope', 'read'],
    ['nobody is known', [byScopes(['read'])], null, 'access_denied', null],
    [
      'more is missing',
      [rule('allow', { from: { scopes: [['read']], principals: ['john'] } })],
      mary,
      'access_denied',
      null,
    ],
    [
      'of two rules one misses only scopes',
      [byPrincipal('allow', 'john'), byScopes(['read'])],
      mary,
      'insufficient_scope',
      'read',
    ],
    [
      'a DENY is about no scopes',
      [byScopes(['read']), byPrincipal('deny', 'mary')],
      mary,
      'access_denied',
      null,
    ],
  ] as const)
    test(what, () => {
      const result = run([[p('a', ...rules)]], who)
      assert.equal(result.failure?.failure, failure)
      const expected = told === null ? undefined : `Bearer error="insufficient_scope", scope="${told}"`
      assert.equal(result.failure?.fields?.[1], expected)
    })
})

suite('dry run', () => {
  const dry = (name: string, ...rules: readonly RuleConfig[]): PolicyConfig =>
    policy(rules, { policy: name, dryRun: true })

  for (const [what, policies, passes, dryRun, counted] of [
    ['a DENY', [dry('d', byPrincipal('deny', 'mary'))], true, 'd: mary', ['d mary dry_run_denied']],
    [
      'an ALLOW of others',
      [dry('d', byPrincipal('allow', 'john'))],
      true,
      'd: no rule allows it',
      ['d  dry_run_denied'],
    ],
    ['an ALLOW', [dry('d', byPrincipal('allow', 'mary'))], true, undefined, ['d mary dry_run_allowed']],
    [
      'two that are tried are tried together',
      [dry('d', byPrincipal('allow', 'john')), dry('e', byPrincipal('allow', 'mary'))],
      true,
      undefined,
      ['e mary dry_run_allowed'],
    ],
    [
      'an ALLOW beside one that is in force takes nothing away',
      [dry('d', byPrincipal('allow', 'john')), p('a', byPrincipal('allow', 'mary'))],
      true,
      undefined,
      ['a mary allowed'],
    ],
    [
      'nor does it give',
      [dry('d', byPrincipal('allow', 'mary')), p('a', byPrincipal('allow', 'john'))],
      false,
      undefined,
      ['d mary dry_run_allowed', 'a  denied'],
    ],
    [
      'each that would deny is told',
      [dry('d', byPrincipal('deny', 'mary')), dry('e', byPrincipal('allow', 'john'))],
      true,
      'd: mary, e: no rule allows it',
      ['d mary dry_run_denied', 'e  dry_run_denied'],
    ],
  ] as const)
    test(what, () => {
      const result = run([policies], mary)
      assert.equal(result.failure === undefined, passes)
      assert.equal(result.dryRun, dryRun)
      assert.deepEqual(result.counted, counted)
    })

  test('scopes add to what is logged', () => {
    const { dryRun } = run(
      [[dry('d', byPrincipal('deny', 'mary'))], [dry('e', byPrincipal('deny', 'mary'))]],
      mary,
    )
    assert.equal(dryRun, 'd: mary, e: mary')
    assert.deepEqual(dryRunNote.logged('d')?.fields, [['portcullis.authorization.dry_run', 'd']])
  })
})

suite('properties', () => {
  const names = fc.constantFrom('ann', 'bob', 'eve')
  const claims = fc.record(
    { g: fc.constantFrom<unknown>('x', 'y', ['x', 'y'], { x: 1 }, null, 7) },
    { requiredKeys: [] },
  )
  const who = fc.option(
    fc.record({
      principal: names,
      scopes: fc.subarray(['read', 'write']),
      claims,
      kind: fc.constantFrom('jwt' as const, 'anonymous' as const),
    }),
  )
  const request = fc.record({
    method: fc.constantFrom('GET', 'POST'),
    path: fc.constantFrom('/a', '/a/b', '/c', '/c/..;/a', '/a%2Fb', '//a'),
    fields: fc
      .array(fc.constantFrom(['X-T', '1'], ['X-T', '2'], ['X_T', '1']), { maxLength: 2 })
      .map(all => all.flat()),
  })
  const parts = fc.record({
    from: fc.record(
      {
        principals: fc.array(fc.oneof(names, fc.constant('*')), { minLength: 1, maxLength: 2 }),
        scopes: fc.constantFrom([['read']], [['read', 'write'], ['write']]),
        claims: fc.constantFrom([{ name: 'g', values: ['x'] }]),
        anonymous: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
    to: fc.record(
      {
        methods: fc.constantFrom(['GET'], ['POST']),
        paths: fc.constantFrom(
          [{ type: 'prefix' as const, value: '/a' }],
          [{ type: 'exact' as const, value: '/c' }],
        ),
      },
      { requiredKeys: [] },
    ),
    when: fc.constantFrom(
      [],
      [{ attribute: 'Header' as const, name: 'x-t', operator: 'In' as const, values: ['1'], timeZone: '' }],
      [{ attribute: 'Claim' as const, name: 'g', operator: 'NotIn' as const, values: ['x'], timeZone: '' }],
    ),
  })
  const some = (action: 'allow' | 'deny') => parts.map(one => rule(action, one))
  const policies = fc
    .array(
      fc.record({
        rules: fc.array(fc.oneof(some('allow'), some('deny')), { maxLength: 3 }),
        dryRun: fc.boolean(),
      }),
      { maxLength: 3 },
    )
    .map(all => all.map(({ rules, dryRun }, i) => policy(rules, { dryRun, policy: `p${i}` })))
  const scopes = fc.array(policies, { maxLength: 3 })
  const passes = (...args: Parameters<typeof run>): boolean => run(...args).failure === undefined

  test('one DENY more, at whatever scope, lets nothing pass that did not', () => {
    fc.assert(
      fc.property(scopes, some('deny'), fc.nat(3), who, request, (all, deny, at, someone, asked) => {
        const i = Math.min(at, all.length)
        const more = all.toSpliced(i, 1, [...(all[i] ?? []), policy([deny], { policy: 'more' })])
        assert.ok(passes(all, someone, asked) || !passes(more, someone, asked))
      }),
    )
  })

  test('one scope more lets nothing pass that did not', () => {
    fc.assert(
      fc.property(scopes, policies, fc.nat(3), who, request, (all, scope, at, someone, asked) => {
        assert.ok(passes(all, someone, asked) || !passes(all.toSpliced(at, 0, scope), someone, asked))
      }),
    )
  })

  test('a dry run changes nothing, and says what would be', () => {
    fc.assert(
      fc.property(scopes, who, request, (all, someone, asked) => {
        const without = all.map(scope => scope.filter(({ dryRun }) => !dryRun))
        assert.equal(passes(all, someone, asked), passes(without, someone, asked))
        if (!passes(all, someone, asked)) return
        const inForce = all.map(scope => scope.map(one => ({ ...one, dryRun: false })))
        const tried = run(all, someone, asked).dryRun
        assert.equal(tried === undefined, passes(inForce, someone, asked))
      }),
    )
  })

  test('what is unclear is never allowed by a rule that would not allow all readings of it', () => {
    fc.assert(
      fc.property(some('allow'), who, request, (allow, someone, asked) => {
        // The same rule as a DENY: what is allowed would be denied, never neither where it is unclear.
        const deny = { ...allow, action: 'deny' as const }
        if (passes([[p('a', allow)]], someone, asked)) assert.ok(!passes([[p('a', deny)]], someone, asked))
      }),
    )
  })
})

test('what explain shows', () => {
  const config = authorizationConfig([
    p('default/a', byPrincipal('allow', 'mary'), byPrincipal('deny', 'john')),
    policy([byScopes(['x'])], { policy: 'default/b', dryRun: true }),
  ])
  assert.equal(
    authorization.describe(config),
    'API default/petstore: default/a allows mary, denies john; default/b (dry run) allows scoped',
  )
})
