import type { RequestListener } from 'node:http'

const known = ['alice', 'bob']

/**
 * A service that decides who may do what: who says `Authorization: Bearer NAME` is NAME, and only alice may see what is
 * below /admin. A real one would look at a session, or at a signature.
 */
export const login: RequestListener = (request, response) => {
  const { authorization = '', 'x-forwarded-uri': uri = '' } = request.headers
  const name = authorization.replace(/^Bearer /, '')
  if (!known.includes(name))
    response
      .writeHead(401, { 'WWW-Authenticate': 'Bearer', 'Content-Type': 'text/plain' })
      .end('who are you?\n')
  else if (String(uri).startsWith('/admin') && name !== 'alice')
    response.writeHead(403, { 'Content-Type': 'text/plain' }).end(`not for ${name}\n`)
  else response.writeHead(200, { 'X-User': name }).end()
}
