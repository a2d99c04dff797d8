import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { foreignAnnotation } from './foreign-annotations.ts'

suite('annotations of other controllers', () => {
  for (const [name, value, expected] of [
    ['nginx.ingress.kubernetes.io/auth-url', 'https://a.example', 'protects'],
    ['nginx.ingress.kubernetes.io/auth-type', 'basic', 'protects'],
    ['nginx.ingress.kubernetes.io/auth-tls-verify-client', 'on', 'protects'],
    ['nginx.ingress.kubernetes.io/whitelist-source-range', '10.0.0.0/8', 'protects'],
    ['nginx.ingress.kubernetes.io/denylist-source-range', '10.0.0.0/8', 'protects'],
    ['nginx.ingress.kubernetes.io/limit-rps', '10', 'protects'],
    ['nginx.ingress.kubernetes.io/limit-connections', '10', 'protects'],
    ['nginx.ingress.kubernetes.io/global-rate-limit', '10', 'protects'],
    ['nginx.ingress.kubernetes.io/enable-modsecurity', 'true', 'protects'],
    ['nginx.ingress.kubernetes.io/enable-modsecurity', 'false', 'tunes'],
    ['nginx.ingress.kubernetes.io/modsecurity-snippet', 'SecRuleEngine On', 'protects'],
    ['nginx.ingress.kubernetes.io/configuration-snippet', 'deny all;', 'protects'],
    ['nginx.ingress.kubernetes.io/backend-protocol', 'HTTPS', 'protects'],
    ['nginx.ingress.kubernetes.io/backend-protocol', 'GRPC', 'tunes'],
    ['nginx.ingress.kubernetes.io/proxy-ssl-verify', 'off', 'tunes'],
    ['nginx.ingress.kubernetes.io/proxy-body-size', '8m', 'tunes'],
    ['nginx.ingress.kubernetes.io/enable-global-auth', 'false', 'tunes'],
    ['ingress.kubernetes.io/whitelist-x-forwarded-for', 'true', 'tunes'],
    ['ingress.kubernetes.io/auth-type', 'basic', 'protects'],
    ['nginx.org/policies', 'a', 'protects'],
    ['nginx.com/jwt-key', 'a', 'protects'],
    ['nginx.org/client-max-body-size', '2m', 'tunes'],
    ['appprotect.f5.com/app-protect-enable', 'True', 'protects'],
    ['konghq.com/plugins', 'key-auth', 'protects'],
    ['konghq.com/methods', 'GET', 'protects'],
    ['konghq.com/protocols', 'http,https', 'tunes'],
    ['konghq.com/protocols', 'https', 'protects'],
    ['konghq.com/strip-path', 'true', 'tunes'],
    ['traefik.ingress.kubernetes.io/router.middlewares', 'default-auth@kubernetescrd', 'protects'],
    ['traefik.ingress.kubernetes.io/router.tls.options', 'default-mtls@kubernetescrd', 'protects'],
    ['traefik.ingress.kubernetes.io/router.entrypoints', 'web, websecure', 'tunes'],
    ['traefik.ingress.kubernetes.io/router.entrypoints', 'internal', 'protects'],
    ['traefik.ingress.kubernetes.io/router.priority', '42', 'tunes'],
    ['haproxy.org/allow-list', '10.0.0.0/8', 'protects'],
    ['haproxy.org/deny-list', '10.0.0.0/8', 'protects'],
    ['haproxy.org/rate-limit-requests', '10', 'protects'],
    ['haproxy.org/client-ca', 'default/ca', 'protects'],
    ['haproxy.org/server-ssl', 'false', 'tunes'],
    ['haproxy.org/timeout-server', '5s', 'tunes'],
    ['haproxy-ingress.github.io/oauth', 'oauth2_proxy', 'protects'],
    ['haproxy-ingress.github.io/waf', 'modsecurity', 'protects'],
    ['haproxy-ingress.github.io/balance-algorithm', 'leastconn', 'tunes'],
    ['alb.ingress.kubernetes.io/scheme', 'internal', 'protects'],
    ['alb.ingress.kubernetes.io/scheme', 'internet-facing', 'tunes'],
    ['cloud.google.com/backend-config', '{"default": "a"}', 'protects'],
    ['cert-manager.io/cluster-issuer', 'letsencrypt', 'nobody'],
    ['kubernetes.io/ingress.class', 'nginx', 'nobody'],
    ['auth-url', 'https://a.example', 'nobody'],
    ['example.com/auth-url', 'https://a.example', 'nobody'],
  ] as const)
    test(`${name}: ${value} ${expected === 'nobody' ? 'is nobody’s here' : expected}`, () => {
      const found = foreignAnnotation(name, value)
      const actual = found === null ? 'nobody' : found.instead === null ? 'tunes' : 'protects'
      assert.equal(actual, expected)
    })
})
