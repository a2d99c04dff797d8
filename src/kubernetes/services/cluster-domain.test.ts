import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domainOf } from './cluster-domain.ts'

for (const [what, text, expected] of [
  [
    'a Pod',
    'search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n',
    'cluster.local',
  ],
  [
    'a cluster with a domain of its own',
    'nameserver 10.0.0.10\nsearch shop.svc.k8s.example. svc.k8s.example. k8s.example. corp.example\n',
    'k8s.example',
  ],
  ['several lines, of which the last counts', 'search svc.one\nsearch svc.two\n', 'two'],
  ['a node', 'search corp.example\nnameserver 192.0.2.1\n', 'cluster.local'],
  ['nobody', '', 'cluster.local'],
  ['what is no name', 'search svc.$(x)\n', 'cluster.local'],
] as const)
  test(`the domain of the cluster by the resolver of ${what}`, () => {
    assert.equal(domainOf(text), expected)
  })
