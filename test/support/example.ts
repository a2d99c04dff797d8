import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { freePort } from './process.ts'

/** The path of a file of an example. */
export function exampleFile(path: string): string {
  return fileURLToPath(new URL(`../../examples/${path}`, import.meta.url))
}

/** What `examples/NAME/start.ts` runs, on ports of its own. */
export class Example {
  readonly gateway: number
  readonly admin: number
  /** Both streams together. */
  output = ''
  private readonly child: ChildProcess

  private constructor(name: string, gateway: number, admin: number, more: readonly string[]) {
    this.gateway = gateway
    this.admin = admin
    const flags = ['--gateway', String(gateway), '--backend', '0', '--admin', `127.0.0.1:${admin}`, ...more]
    this.child = spawn(process.execPath, [exampleFile(`${name}/start.ts`), ...flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }

  /** Resolves when it says what to try, or has ended. `more`: flags of its own. */
  static async start(name: string, more: readonly string[] = []): Promise<Example> {
    const example = new Example(name, await freePort(), await freePort(), more)
    const { child } = example
    const listening = new Promise<void>(resolve => {
      const collect = (chunk: Buffer): void => {
        example.output += chunk.toString()
        if (example.output.includes('Ctrl-C')) resolve()
      }
      child.stdout?.on('data', collect)
      child.stderr?.on('data', collect)
    })
    await Promise.race([listening, once(child, 'close')])
    return example
  }

  /** Ends it as Ctrl-C does; it must end well. */
  async stop(): Promise<void> {
    this.child.kill('SIGTERM')
    if (this.child.exitCode === null) await once(this.child, 'exit')
    assert.equal(this.child.exitCode, 0, this.output)
  }
}
