import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Resources } from '../model/resources.ts'
import { parseResources } from '../../test/support/declared.ts'
import { translate } from '../../test/support/translate.ts'
import { complaintsOf } from '../model/conditions.ts'
import { withPortErrors } from './port-errors.ts'

const yaml = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: a }
spec:
  gatewayClassName: portcullis
  listeners:
    - { name: one, protocol: HTTP, port: 80 }
    - { name: two, protocol: HTTP, port: 81 }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: b }
spec:
  gatewayClassName: portcullis
  listeners:
    - { name: one, protocol: HTTP, port: 82, hostname: x.example }
    - { name: two, protocol: HTTP, port: 82, hostname: y.example }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: c }
spec:
  gatewayClassName: portcullis
  allowedListeners: { namespaces: { from: Same } }
  listeners: [{ name: one, protocol: HTTP, port: 83 }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: { name: s }
spec:
  parentRef: { name: c }
  listeners: [{ name: one, protocol: HTTP, port: 84 }]
`

/** All that is not good when these ports cannot be had. */
function complaints(...errors: readonly (readonly [key: string, error: string])[]): readonly string[] {
  const resources = Resources.of(parseResources('gw.yaml', yaml).resources)
  const { parts, conditions } = translate(resources)
  const refused = errors.map(([key, error]) => ({ key, error }))
  const known = withPortErrors(conditions, parts.ports, refused, resources)
  assert.equal(known.length, conditions.length)
  return complaintsOf(known)
}

/** Conditions of a Gateway that are False, as `listener type reason`. */
function lost(key: string): string[] {
  const resources = Resources.of(parseResources('gw.yaml', yaml).resources)
  const { parts, conditions } = translate(resources)
  return withPortErrors(conditions, parts.ports, [{ key, error: 'EACCES' }], resources)
    .filter(({ type, status }) => status === 'False' && type !== 'Conflicted')
    .map(({ about, listener, type, reason }) => `${about.name} ${listener ?? '-'} ${type} ${reason}`)
}

suite('conditions when a port cannot be had', () => {
  test('nothing is wrong while all can', () => assert.deepEqual(complaints(), []))

  test('its listener loses Accepted and Programmed; the Gateway stays', () =>
    assert.deepEqual(lost('*:81'), ['a two Accepted PortUnavailable', 'a two Programmed Invalid']))

  test('every listener of the port, and with the last one the Gateway too, but no other Gateway', () =>
    assert.deepEqual(lost('*:82').toSorted(), [
      'b - Programmed AddressNotUsable',
      'b one Accepted PortUnavailable',
      'b one Programmed Invalid',
      'b two Accepted PortUnavailable',
      'b two Programmed Invalid',
    ]))

  test('what a ListenerSet has added is lost to it, and its Gateway stays', () =>
    assert.deepEqual(lost('*:84').toSorted(), [
      's - Programmed PortUnavailable',
      's one Accepted PortUnavailable',
      's one Programmed Invalid',
    ]))

  test('it is told once for each listener, with the place in the file and what to do', () => {
    const low = 'this user may not open it (EACCES): ports below 1024 need root or CAP_NET_BIND_SERVICE'
    assert.deepEqual(complaints(['*:81', 'EADDRINUSE'], ['*:82', 'EACCES']), [
      'gw.yaml:9:36 Gateway/a spec.listeners[1].port listener two: Accepted=False PortUnavailable: cannot listen on *:81: it is in use by another program',
      `gw.yaml:17:36 Gateway/b spec.listeners[0].port listener one: Accepted=False PortUnavailable: cannot listen on *:82: ${low}`,
      `gw.yaml:18:36 Gateway/b spec.listeners[1].port listener two: Accepted=False PortUnavailable: cannot listen on *:82: ${low}`,
    ])
  })
})
