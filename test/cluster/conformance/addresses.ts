import { once } from 'node:events'
import { createServer } from 'node:https'
import { selfSigned } from '../../support/certificates.ts'
import { freePort } from '../../support/process.ts'
import type { RealCluster } from '../../support/real-cluster.ts'
import { gatewayAddress } from './network.ts'

interface Review {
  readonly request: {
    readonly uid: string
    readonly object: { readonly spec: { readonly addresses?: readonly unknown[] } }
  }
}

/**
 * What gives Gateways their addresses in this cluster: a webhook that writes one of its own into each that names none, as
 * it is created, so that several may have the same ports. What a Gateway says of addresses stays.
 */
export async function assignAddresses(cluster: RealCluster): Promise<void> {
  const pair = await selfSigned({ names: ['addresses'], ips: ['127.0.0.1'] })
  const port = await freePort()
  let given = 0
  const server = createServer({ cert: pair.chain, key: pair.key }, (request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', part => (text += String(part)))
    request.on('end', () => {
      const { uid, object } = (JSON.parse(text) as Review).request
      const value = [{ type: 'IPAddress', value: gatewayAddress(given + 1) }]
      const patch = [{ op: 'add', path: '/spec/addresses', value }]
      const isOpen = (object.spec.addresses ?? []).length === 0
      if (isOpen) given++
      const changed = { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') }
      const answer = { uid, allowed: true, ...(isOpen && changed) }
      response.setHeader('content-type', 'application/json')
      response.end(
        JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer }),
      )
    })
  })
  await once(server.listen(port, '127.0.0.1'), 'listening')
  const rule = {
    apiGroups: ['gateway.networking.k8s.io'],
    apiVersions: ['*'],
    resources: ['gateways'],
    operations: ['CREATE'],
  }
  const webhook = {
    name: 'addresses.bed.portcullis.dev',
    clientConfig: {
      url: `https://127.0.0.1:${port}/`,
      caBundle: Buffer.from(pair.chain).toString('base64'),
    },
    rules: [rule],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
  }
  const { status, body } = await cluster.ask(
    'POST',
    '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: 'addresses' },
      webhooks: [webhook],
    },
  )
  if (status !== 201) throw new Error(body)
}
