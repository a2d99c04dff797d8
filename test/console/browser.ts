import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setTimeout as delay } from 'node:timers/promises'
import { chromium, type Browser as Chromium, type BrowserContext, type Page } from 'playwright-core'

const require = createRequire(import.meta.url)
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

export interface Look {
  readonly theme?: 'dark' | 'light'
  readonly width?: number
  readonly height?: number
}

/** Debian's Chromium, without a window. */
export class Browser implements AsyncDisposable {
  private readonly chromium: Chromium

  private constructor(opened: Chromium) {
    this.chromium = opened
  }

  static async open(executablePath: string): Promise<Browser> {
    // Its sandbox wants rights that a container has not; what it opens is our own.
    return new Browser(
      await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] }),
    )
  }

  async page(base: string, { theme = 'light', width = 1280, height = 800 }: Look = {}): Promise<Console> {
    const context = await this.chromium.newContext({
      baseURL: base,
      colorScheme: theme,
      viewport: { width, height },
      reducedMotion: 'reduce',
    })
    return new Console(context, await context.newPage(), base)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.chromium.close()
  }
}

/** The console in a page, and what the browser complains about in it. */
export class Console implements AsyncDisposable {
  readonly page: Page
  /** Errors, warnings, what the Content-Security-Policy refused, and requests to anybody but the gateway. */
  readonly complaints: string[] = []
  private readonly context: BrowserContext

  constructor(context: BrowserContext, page: Page, base: string) {
    this.context = context
    this.page = page
    page.on('pageerror', error => this.complaints.push(`uncaught: ${String(error)}`))
    page.on('console', message => {
      if (message.type() === 'error' || message.type() === 'warning') this.complaints.push(message.text())
    })
    page.on('request', request => {
      if (!request.url().startsWith(`${base}/`)) this.complaints.push(`asked elsewhere: ${request.url()}`)
    })
  }

  /** Opens a view, and waits until it has its heading and what it has asked for. */
  async open(path: string): Promise<void> {
    await this.page.goto(path)
    await this.page.locator('h1').waitFor()
    await this.settled()
  }

  async settled(): Promise<void> {
    await this.page.locator('.waiting').first().waitFor({ state: 'detached' })
  }

  /** What axe finds against WCAG 2.2 AA and its own best practices; each as `rule: element`. */
  async violations(): Promise<readonly string[]> {
    await this.page.evaluate(axe)
    return this.page.evaluate<
      readonly string[]
    >(`axe.run(document, { resultTypes: ['violations'], preload: false }).then(
      ({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(node => id + ': ' + node.html.slice(0, 200) + ' ' + (node.failureSummary ?? ''))))`)
  }

  /** Waits until all of this is said in what the selector finds: nothing is read before it has come. */
  async says(selector: string, ...patterns: readonly RegExp[]): Promise<void> {
    for (const hasText of patterns) await this.page.locator(selector).filter({ hasText }).first().waitFor()
  }

  /** Waits until an expression has this value in the page. */
  async becomes(expression: string, wanted: unknown): Promise<void> {
    // Not by waitForFunction: the Content-Security-Policy allows no eval in the page.
    while ((await this.page.evaluate(expression)) !== wanted) await delay(20)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.close()
  }
}
