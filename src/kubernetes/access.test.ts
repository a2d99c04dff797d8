import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { HTTPRoute } from '../model/kinds/http-route.ts'
import { ApiServer, TOKEN } from '../../test/support/kubernetes/api-server.ts'
import { Folder } from '../../test/support/process.ts'
import { openAccess } from './access.ts'
import { ApiClient } from './client.ts'
import { pathOf } from './collection.ts'

const path = pathOf({ kind: HTTPRoute, namespace: null }, 'v1')
const anyone = new AbortController().signal

suite('an API server is reached', () => {
  test('by a kubeconfig', async () => {
    await using api = await ApiServer.start()
    using folder = new Folder({ config: api.kubeconfig })
    const access = await openAccess({ kubeconfig: `${folder.path}/config`, context: '', env: {} })
    assert.equal(access.server.href, api.url.href)
    const list = (await new ApiClient(access).get(path, {}, anyone)) as { readonly kind: string }
    assert.equal(list.kind, 'HTTPRouteList')
  })

  test('as a Pod, by the files of its service account', async () => {
    await using api = await ApiServer.start()
    using folder = new Folder({ 'ca.crt': api.pair.chain, token: `${TOKEN}\n`, namespace: 'gateways' })
    const env = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(api.port) }
    const access = await openAccess({ kubeconfig: '', context: '', env, serviceAccount: folder.path })
    assert.equal(access.namespace, 'gateways')
    const list = (await new ApiClient(access).get(path, {}, anyone)) as { readonly kind: string }
    assert.equal(list.kind, 'HTTPRouteList')
  })

  test('not where its certificate is of somebody else', async () => {
    await using api = await ApiServer.start()
    await using other = await ApiServer.start()
    using folder = new Folder({ 'ca.crt': other.pair.chain, token: TOKEN })
    const env = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(api.port) }
    const access = await openAccess({ kubeconfig: '', context: '', env, serviceAccount: folder.path })
    await assert.rejects(new ApiClient(access).get(path, {}, anyone), /self-signed certificate/)
    assert.deepEqual(api.requests.all, [])
  })

  test('not by a context that is not there', async () => {
    await using api = await ApiServer.start()
    using folder = new Folder({ config: api.kubeconfig })
    const options = { kubeconfig: `${folder.path}/config`, context: 'y', env: {} }
    await assert.rejects(openAccess(options), /there is no context y, expected one of x/)
  })
})
