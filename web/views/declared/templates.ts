const head = (kind: string, version = 'portcullis.dev/v1alpha1') => `apiVersion: ${version}
kind: ${kind}
metadata:
  name: my-${kind.toLowerCase()}
`
const routeTarget = `spec:
  targetRefs:
    - group: gateway.networking.k8s.io
      kind: HTTPRoute
      name: my-route
`

/** What one begins with, by kind. */
export const templates = {
  API: `${head('API')}spec:
  title: My API
  routeRefs:
    - name: my-route
`,
  Product: `${head('Product')}spec:
  title: My product
  apis:
    - name: my-api
  plans:
    - name: my-plan
`,
  Plan: `${head('Plan')}spec:
  title: My plan
  limits:
    - name: per-second
      kind: Rate
      amount: 10
      per: Second
    - name: monthly
      kind: Quota
      amount: 10000
      per: Month
`,
  AuthenticationPolicy: `${head('AuthenticationPolicy')}${routeTarget}  credentials:
    - apiKey: {}
`,
  AuthorizationPolicy: `${head('AuthorizationPolicy')}${routeTarget}  rules:
    - name: readers
      action: Allow
      to:
        methods: [GET, HEAD]
`,
  RateLimitPolicy: `${head('RateLimitPolicy')}${routeTarget}  limits:
    - name: everybody
      kind: Rate
      amount: 100
      per: Second
      by: ClientAddress
`,
  HTTPRoute: `${head('HTTPRoute', 'gateway.networking.k8s.io/v1')}spec:
  parentRefs:
    - name: my-gateway
  rules:
    - matches:
        - path:
            type: PathPrefix
            value: /my
      backendRefs:
        - group: portcullis.dev
          kind: Backend
          name: my-backend
`,
  Backend: `${head('Backend')}spec:
  endpoints:
    - address: 127.0.0.1
      port: 9000
`,
} as const

export type TemplateKind = keyof typeof templates
