import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CommandFailure } from '../../command/flag.ts'
import type { Answered } from './waterfall.ts'

/** So many requests are kept for who opens the page later. */
const KEPT = 200
const OWN_NAMES = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/

/** The page that shows requests as they come: on loopback, for this machine's own browser alone. */
export class Page {
  private readonly kept: string[] = []
  private readonly watching = new Set<ServerResponse>()
  private readonly server = createServer((request, response) => this.answer(request, response))

  /** Resolves with its URL. Throws a CommandFailure where the port is taken. */
  async listen(port: number): Promise<string> {
    this.server.listen(port, '127.0.0.1')
    try {
      await once(this.server, 'listening')
    } catch (error) {
      throw new CommandFailure(
        `composition dev: port ${port} is taken, expected one for the page by --page, or --page 0`,
        { cause: error },
      )
    }
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`
  }

  show(answered: Answered): void {
    const event = `data: ${JSON.stringify(answered)}\n\n`
    this.kept.push(event)
    if (this.kept.length > KEPT) this.kept.shift()
    for (const response of this.watching) response.write(event)
  }

  close(): void {
    this.server.close()
    this.server.closeAllConnections()
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    // A page of somebody else's, whose name has been made to lead here, is not to read it.
    if (!OWN_NAMES.test(request.headers.host ?? '') || request.method !== 'GET') {
      response.writeHead(403).end()
    } else if (request.url === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      response.write(`retry: 500\n\n${this.kept.join('')}`)
      this.watching.add(response)
      response.once('close', () => this.watching.delete(response))
    } else if (request.url === '/') {
      response.writeHead(200, {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy':
          "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'",
      })
      response.end(html)
    } else response.writeHead(404).end()
  }
}

const html = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>composition dev</title>
<style>
:root { color-scheme: light dark; font: 14px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
article { border-top: 1px solid #8884; padding: .75rem 0 }
h2 { font-size: 1rem; margin: 0 0 .25rem; font-weight: 600; overflow-wrap: anywhere }
h2 small { font-weight: 400; opacity: .7 }
.call { display: grid; grid-template-columns: minmax(10rem, 20rem) 1fr 12rem; gap: 1rem; align-items: center }
.name { overflow-wrap: anywhere }
.lane { height: .6rem; background: #8882; border-radius: .3rem; position: relative }
.lane i { position: absolute; height: 100%; min-width: 3px; border-radius: .3rem; background: #2a9d5c }
.failed .lane i { background: #d64545 } .gone .lane i { background: #999 }
.failed .said { color: #d64545 }
</style>
<h1>Requests</h1><p id="none">None yet.</p><main></main>
<script>
const main = document.querySelector('main')
const add = (to, tag, name, text) => { const e = document.createElement(tag); e.className = name; e.textContent = text; to.append(e); return e }
const events = new EventSource('/events')
events.onopen = () => main.replaceChildren()
events.onmessage = ({ data }) => {
  document.querySelector('#none').hidden = true
  const a = JSON.parse(data), article = document.createElement('article'), h2 = add(article, 'h2', '', a.status + '  ' + a.method + ' ' + a.path + ' ')
  add(h2, 'small', '', a.tookMs + ' ms' + (a.partial ? ', without ' + a.partial : ''))
  for (const c of a.calls) {
    const fine = c.outcome === 'ok', gone = c.outcome === 'cancelled' || c.outcome === null
    const row = add(article, 'div', 'call' + (fine ? '' : gone ? ' gone' : ' failed'), '')
    add(row, 'span', 'name', c.call)
    const bar = add(add(row, 'span', 'lane', ''), 'i', '', ''), all = Math.max(a.tookMs, .1)
    bar.style.left = Math.min(100, c.fromMs / all * 100) + '%'
    bar.style.width = Math.min(100, (c.toMs - c.fromMs) / all * 100) + '%'
    add(row, 'span', 'said', Math.round(c.toMs - c.fromMs) + ' ms' + (fine ? '' : ', ' + (c.outcome === 'backend_status' ? 'answered ' + c.status : c.outcome ?? 'under way')) + (c.attempts > 1 ? ', ' + c.attempts + ' attempts' : ''))
  }
  main.prepend(article)
  while (main.children.length > 200) main.lastChild.remove()
}
</script></html>
`
