import { createServer, type Server } from 'node:http'

/** Pictures of what there is, below /img. */
export function picturesServer(): Server {
  return createServer(({ url = '/' }, response) => {
    const [, sku] = /^\/img\/(\w+)\.svg$/.exec(url) ?? []
    if (sku === undefined) return void response.writeHead(404).end()
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="90" height="30"><text y="20">${sku}</text></svg>`
    response.writeHead(200, { 'content-type': 'image/svg+xml' }).end(svg)
  })
}
