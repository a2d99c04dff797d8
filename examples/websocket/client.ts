// Two in one room, through the gateway: Ada by HTTP/1.1 (ws), Bob by HTTP/2 (undici). Prints what each hears.
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { H2CClient, WebSocket as Http2WebSocket } from 'undici'
import { WebSocket } from 'ws'

const { port = '8080' } = parseArgs({ options: { port: { type: 'string' } } }).values
const url = `ws://127.0.0.1:${port}/room`

/** Resolves when somebody has heard this. */
const waiting = new Map<string, () => void>()
const heard = (text: string): Promise<void> => new Promise(resolve => void waiting.set(text, resolve))

function hear(who: string, text: string): void {
  console.log(`${who} hears: ${text}`)
  waiting.get(`${who} ${text}`)?.()
}

const ada = new WebSocket(`${url}?name=Ada`)
ada.on('message', (data: Buffer) => hear('Ada', data.toString()))
await once(ada, 'open')

// Browsers do the same over TLS by themselves, as soon as a connection to the host speaks HTTP/2.
const dispatcher = new H2CClient(`http://127.0.0.1:${port}`)
const bobIsHere = heard('Ada Bob is in the kitchen')
const bob = new Http2WebSocket(`${url}?name=Bob`, { dispatcher })
bob.addEventListener('message', ({ data }) => hear('Bob', String(data)))
await bobIsHere

const hello = heard('Bob Ada: hello by HTTP/1.1')
ada.send('hello by HTTP/1.1')
await hello
const answer = heard('Ada Bob: hello by HTTP/2')
bob.send('hello by HTTP/2')
await answer

const left = heard('Ada Bob has left')
bob.close(1000, 'bye')
await left
ada.close()
await dispatcher.close()
