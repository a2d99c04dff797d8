import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { jsonSchema } from '../../model/json-schema.ts'
import { kinds } from '../roles.ts'
import { CommandFailure } from '../command/flag.ts'
import { writeWhole } from '../command/write.ts'

/** Hidden, so that it is no resource; the line for editors above each object names it. */
const SCHEMA_FILE = '.schema.json'

/** `portcullis init`: a folder that `run` serves as it is. */
export function init(folder: string): number {
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new CommandFailure(`init: ${folder} is not empty`)
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw new CommandFailure(
      `init: cannot make ${folder}: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
  writeWhole(join(folder, SCHEMA_FILE), schemaText(), 0o644)
  writeWhole(join(folder, 'gateway.yaml'), gatewayYaml, 0o644)
  const at = folder === './portcullis' || folder === 'portcullis' ? '' : ` ${folder}`
  process.stdout.write(
    [
      `${join(folder, 'gateway.yaml')}: a listener on port 8080, a route and a backend, with what one would change next`,
      '',
      `  portcullis check${at}     what would be served, and what is wrong`,
      `  portcullis run${at}       serve it, and follow its changes`,
      '',
      'Nothing listens on port 9000 yet? For a moment: npx http-server -p 9000, or python3 -m http.server 9000',
      '',
    ].join('\n'),
  )
  return 0
}

/** `portcullis schema`. */
export function schemaText(): string {
  return `${JSON.stringify(jsonSchema(kinds), null, 2)}\n`
}

// The line for editors is above each object: to them it is of one document, not of the file.
const gatewayYaml = `# yaml-language-server: $schema=${SCHEMA_FILE}
# This line, above each object, gives editors completion and errors while typing (VS Code: the extension "YAML" by Red Hat).

# Where clients come in.
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
    # HTTPS: portcullis cert shop.localhost --save portcullis/tls.yaml
    # - name: https
    #   protocol: HTTPS
    #   port: 8443
    #   tls:
    #     certificateRefs:
    #       - name: shop.localhost-tls
---
# yaml-language-server: $schema=${SCHEMA_FILE}
# Which requests go where.
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: shop
spec:
  parentRefs:
    - name: web
  # hostnames: [shop.localhost]
  rules:
    - matches:
        - path:
            type: PathPrefix
            value: /
      backendRefs:
        - group: portcullis.dev
          kind: Backend
          name: shop
      # timeouts:
      #   request: 10s
---
# yaml-language-server: $schema=${SCHEMA_FILE}
# What is behind it: addresses, or DNS names that are resolved again and again.
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata:
  name: shop
spec:
  endpoints:
    - address: 127.0.0.1
      port: 9000
`
