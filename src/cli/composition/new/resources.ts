/** What serves a new composition: its backends are where `composition mock` serves them. */
export const gatewayYaml = (name: string): string => `# Where clients come in.
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: web
spec:
  gatewayClassName: portcullis
  listeners:
    - name: http
      protocol: HTTP
      port: 8080
---
# Which requests the composition answers.
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: ${name}
spec:
  parentRefs:
    - name: web
  rules:
    - backendRefs:
        - group: portcullis.dev
          kind: Composition
          name: ${name}
---
apiVersion: portcullis.dev/v1alpha1
kind: Composition
metadata:
  name: ${name}
spec:
  bundle: ../${name}.gateway.ts
---
# Where the backends are: http://users in the composition is this one.
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata:
  name: users
spec:
  endpoints:
    - address: 127.0.0.1
      port: 9102
---
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata:
  name: shop
spec:
  endpoints:
    - address: 127.0.0.1
      port: 9101
`
