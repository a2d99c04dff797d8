import assert from 'node:assert/strict'
import { test } from 'node:test'
import { policyText } from './policy-text.ts'

for (const [what, spec, lines] of [
  [
    'keys, in the usual places',
    { credentials: [{ apiKey: {} }] },
    ['An API key in the header X-API-Key or Authorization: Bearer', 'Who brings none is refused'],
  ],
  [
    'a token with all that it must have',
    {
      credentials: [
        {
          jwt: {
            issuer: 'https://login.example/',
            audiences: ['shop'],
            requiredScopes: ['read', 'list'],
            requiredClaims: [{ name: 'tier', values: ['gold', 'silver'] }],
            in: [{ cookie: 'session' }],
          },
        },
        { clientCertificate: { subjects: ['CN=shop'] } },
        { basic: {} },
      ],
      anonymous: true,
      forwardCredentials: true,
    },
    [
      'A token (JWT) of https://login.example/ in the cookie session, for shop, with the scopes read, list, with tier gold or silver',
      'A client certificate of CN=shop',
      'Name and password',
      'Who brings no credential passes, as nobody',
      'The backend gets the credential, too',
    ],
  ],
  [
    'who may do what',
    {
      dryRun: true,
      rules: [
        { name: 'readers', action: 'Allow', to: { methods: ['GET', 'HEAD'], paths: ['/items/*'] } },
        {
          name: 'night',
          action: 'Deny',
          from: { plans: ['free'], anonymous: false, claims: [{ name: 'org', values: ['x'] }] },
          when: [
            { attribute: 'Time', operator: 'Between', values: ['22:00', '06:00'], timeZone: 'Europe/Berlin' },
            { attribute: 'Header', name: 'X-Batch', operator: 'GreaterThan', values: ['5'] },
          ],
        },
      ],
    },
    [
      'Only tried: what it would deny passes, and is counted and logged',
      'readers allows everybody to ask for GET or HEAD /items/*',
      'night denies the plans free and org x and who brings a credential to ask for everything, when time between 22:00 and 06:00 Europe/Berlin and header X-Batch greater than 5',
    ],
  ],
  [
    'limits, and whose they are',
    {
      limits: [
        { name: 'a', kind: 'Rate', amount: 5, per: 'Second' },
        { name: 'b', kind: 'Rate', amount: 5, per: 'Second', by: 'Header', header: 'X-Tenant' },
        { name: 'c', kind: 'Rate', amount: 5, per: 'Second', by: 'All' },
      ],
      except: [{ methods: ['GET'], paths: [{ value: '/health' }, { type: 'Exact', value: '/ready' }] }],
    },
    [
      '5 requests a second, for each identity',
      '5 requests a second, for each value of the header X-Tenant',
      '5 requests a second, for all together',
      'Not for GET /health/… or /ready',
    ],
  ],
  ['nothing that is known', undefined, []],
] as const)
  test(`a policy in words: ${what}`, () => assert.deepEqual(policyText(spec), lines))
